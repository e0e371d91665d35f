"""What a change of a file of data needs."""

import pytest

from oduflow.domain.changes.csv_data import csv_need
from oduflow.domain.changes.needs import Need
from oduflow.domain.changes.xml_data import xml_need

RECORD = '<record id="a" model="res.partner"><field name="name">{}</field></record>'
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "'
    + "a" * 1000
    + '">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 100}">' for a, b in zip("abcd", "bcde", strict=True))
    + "]><odoo>&e;</odoo>"
)


def changed(old: str, new: str) -> tuple[Need, str]:
    found = xml_need(f"<odoo>{old}</odoo>".encode(), f"<odoo>{new}</odoo>".encode())
    return found.need, found.why


def test_white_space_inside_a_record_counts_and_between_records_does_not() -> None:
    record = RECORD.format("x")

    assert changed(record, f"\n  {record}\n")[0] is Need.NOTHING
    assert changed(record, RECORD.format("x "))[0] is Need.RELOAD


def test_a_menu_inside_another_one_that_is_gone_is_an_upgrade() -> None:
    menus = '<menuitem id="m" name="M">{}</menuitem>'

    need, why = changed(menus.format('<menuitem id="n" name="N"/>'), menus.format(""))

    assert (need, why) == (Need.UPGRADE, "n is gone, which an upgrade removes")


@pytest.mark.parametrize(
    "text",
    [
        '<record model="x"/>',
        '<record id="a" model="x"/><record id="a" model="x"/>',
        '<delete id="a" model="x"/>',
        '<function model="x" name="y"/>',
        '<assert id="a"/>',
    ],
)
def test_what_loading_the_file_alone_would_repeat_is_an_upgrade(text: str) -> None:
    assert changed("", RECORD.format("x") + text)[0] is Need.UPGRADE
    assert changed(RECORD.format("x") + text, RECORD.format("x"))[0] is Need.UPGRADE


def test_a_changed_context_around_records_counts() -> None:
    text = "<data{}>" + RECORD.format("x") + "</data>"

    assert changed(text.format(""), text.format(' context="{}"'))[0] is Need.RELOAD


def test_a_new_record_in_noupdate_is_loaded_and_a_changed_one_is_named() -> None:
    text = '<data noupdate="1">' + RECORD.format("x") + "{}</data>"
    old = f"<odoo>{text.format('')}</odoo>".encode()
    new = text.format('<record id="b" model="x"/>').replace(">x<", ">y<")

    found = xml_need(old, f"<odoo>{new}</odoo>".encode())

    assert (found.need, found.ids, found.kept) == (Need.RELOAD, ("b",), ("a",))
    assert found.why == "record b is new"


@pytest.mark.parametrize(
    ("outer", "inner", "kept"),
    [("1", "0", ()), ("1", "False", ()), ("0", "t", ("a",)), ("1", " ", ("a",)), ("", "", ())],
)
def test_the_innermost_noupdate_counts(outer: str, inner: str, kept: tuple[str, ...]) -> None:
    text = f'<odoo noupdate="{outer}"><data noupdate="{inner}">{RECORD}</data></odoo>'

    found = xml_need(text.format("x").encode(), text.format("y").encode())

    assert (found.need, found.kept) == (Need.NOTHING if kept else Need.RELOAD, kept)


def test_a_field_that_was_added_to_odoos_models_is_an_upgrade() -> None:
    need, why = changed("", '<record id="f" model="ir.model.fields"/>')
    assert (need, why) == (Need.UPGRADE, "it changes ir.model.fields")


@pytest.mark.parametrize("text", [BOMB, "<a>" * 100_000, "\0", "<odoo>\ud800"])
def test_xml_of_an_attacker_is_an_upgrade_which_reads_it_in_its_own_container(text: str) -> None:
    content = text.encode("utf-8", "surrogatepass")

    assert xml_need(b"<odoo/>", content).need is Need.UPGRADE
    assert xml_need(content, b"<odoo/>").need is Need.UPGRADE


def test_a_file_of_data_that_is_gone_is_an_upgrade() -> None:
    assert xml_need(b"<odoo/>", None).need is Need.UPGRADE
    assert csv_need(b"id\n", None).need is Need.UPGRADE


@pytest.mark.parametrize("text", ["name\nx\n", "id,name\n,x\n", "id\na\na\n", "id\na,b\n", "\xff"])
def test_lines_that_cannot_be_told_apart_are_an_upgrade(text: str) -> None:
    assert csv_need(b"id,name\n", text.encode("latin-1")).need is Need.UPGRADE


def test_a_csv_file_of_the_same_lines_in_another_order_needs_nothing() -> None:
    assert csv_need(b"id,name\na,1\nb,2\n", b"id,name\r\nb,2\r\na,1\r\n").need is Need.NOTHING


def test_a_field_that_is_no_longer_set_is_named() -> None:
    menu = '<menuitem id="m" name="M"{}/>'
    record = '<record id="a" model="x"><field name="b">1</field>{}</record>'
    old = menu.format(' groups="g"') + record.format('<field name="c"/>')
    new = menu.format("") + record.format("")

    found = xml_need(f"<odoo>{old}</odoo>".encode(), f"<odoo>{new}</odoo>".encode())

    assert (found.need, found.dropped) == (Need.RELOAD, ("m.groups", "a.c"))


@pytest.mark.parametrize("new", [None, b"<odoo/>", b"<odoo><delete/></odoo>"])
def test_a_record_of_another_module_that_is_no_longer_set_names_its_owner(
    new: bytes | None,
) -> None:
    old = '<odoo><record id="base.a" model="x"/><record id="b" model="x"/></odoo>'

    found = xml_need(old.encode(), new)

    assert (found.need, found.owners) == (Need.UPGRADE, ("base",))


@pytest.mark.parametrize("new", [None, b"id,name\n", b"id\nbase.a\n"])
def test_a_line_of_another_module_that_is_no_longer_set_names_its_owner(
    new: bytes | None,
) -> None:
    assert csv_need(b"id,name\nbase.a,x\n", new).owners == ("base",)
