"""Which files of data may be loaded in place."""

from collections.abc import Mapping

import pytest

from oduflow.domain.changes.in_place import doubt

VIEW = (
    '<record id="{}" model="ir.ui.view"><field name="arch" type="xml"><p id="x"/></field></record>'
)
TWO = f"<odoo>{VIEW.format('first')}{VIEW.format('second')}</odoo>"
ACCESS = "id,name\nfirst,x\nsecond,y\n"


def doubted(file: str, text: str, module: str = "sale", **others: str) -> str:
    files: dict[str, bytes | None] = {f"{name}.xml": each.encode() for name, each in others.items()}
    return doubt(file, module, files | {file: text.encode()}, {})


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.xml", TWO),
        ("a.xml", TWO.replace("first", "sale.first")),
        ("a.xml", '<odoo><template id="t"><record id="sale.t"/></template></odoo>'),
        ("a.xml", '<odoo><menuitem id="m"/><act_window id="a"/></odoo>'),
        ("a.xml", TWO.replace('id="x"', 'name="fixed_assets"')),
        ("a.xml", TWO.replace("<p ", "<img src='/sale/static/a.png' ")),
        ("security/ir.model.access.csv", ACCESS),
    ],
)
def test_views_menus_actions_and_access_rights_of_the_own_module_are_loaded_alone(
    file: str, text: str
) -> None:
    assert doubted(file, text, other=f"<odoo>{VIEW.format('third')}</odoo>") == ""


@pytest.mark.parametrize("other", ["first", "second", "sale.second"])
def test_a_file_of_which_another_one_sets_any_record_is_not(other: str) -> None:
    told = doubted("a.xml", TWO, other=f"<odoo>{VIEW.format(other)}</odoo>")

    assert told == "other.xml sets the same records"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (TWO.replace("second", "base.second"), "it sets base.second, of another module"),
        (TWO.replace("ir.ui.view", "base.automation", 1), "may depend on base.automation"),
        ('<odoo><record id="a"/></odoo>', "may depend on one without a model"),
        (
            '<odoo><menuitem id="m"><record id="a" model="res.lang"/></menuitem></odoo>',
            "may depend on res.lang",
        ),
        ('<odoo><template id="t" inherit_id="web.assets_backend"/></odoo>', "files of bundles"),
        ('<odoo><template id="t"><script src="/sale/static/a.js"/></template></odoo>', "bundles"),
        ("<odoo>", "it cannot be read"),
    ],
)
def test_what_is_not_known_to_be_right_alone_is_not(text: str, why: str) -> None:
    assert why in doubted("a.xml", text)


def test_records_of_a_theme_of_which_websites_have_copies_are_not() -> None:
    assert "copies" in doubted("a.xml", TWO, module="theme_sale")


def test_a_file_beside_one_that_is_too_large_is_not() -> None:
    files = {"a.xml": TWO.encode(), "b.xml": None}

    assert doubt("a.xml", "sale", files, {}) == "b.xml sets the same records"
    assert doubt("b.xml", "sale", files, {}) == "it is too large to be looked at"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"b.xml": TWO.encode()}, ""),
        ({"b.xml": TWO.replace("second", "sale.second").encode()}, "child/b.xml sets the same"),
        ({"b.csv": b"id,name\nsale.first,x\n"}, "child/b.csv sets the same records"),
        ({"b.xml": None}, "child/b.xml sets the same records"),
        (None, "child depends on it, whose data are not looked at"),
    ],
)
def test_a_module_that_depends_on_it_is_in_the_way_only_if_its_data_set_a_record_of_the_file(
    data: Mapping[str, bytes | None] | None, why: str
) -> None:
    assert why in (told := doubt("a.xml", "sale", {"a.xml": TWO.encode()}, {"child": data}))
    assert bool(told) == bool(why)
