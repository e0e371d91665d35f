"""Which records a file of data sets."""

import pytest

from oduflow.domain.changes.records_set import records_set

WANTED = ("sale.form", "sale.menu")


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("a.xml", '<odoo><record id="sale.form" model="x"/></odoo>', {"sale.form"}),
        ("a.xml", '<odoo><data><template id="sale.form"/></data></odoo>', {"sale.form"}),
        ("a.xml", '<odoo><record id="form" model="x"/></odoo>', set()),
        ("a.xml", '<odoo><field name="inherit_id" ref="sale.form"/></odoo>', set()),
        ("a.xml", """<odoo><function eval="[ref('sale.form')]"/></odoo>""", {"sale.form"}),
        (
            "a.xml",
            "<odoo><function><value eval=\"ref('sale.menu')\"/></function></odoo>",
            {WANTED[1]},
        ),
        ("a.xml", '<odoo><delete id="sale.menu" model="x"/></odoo>', {"sale.menu"}),
        ("a.csv", "id,name\nsale.form,x\n", {"sale.form"}),
        ("a.csv", "id,parent_id:id\nx,sale.form\n", set()),
        ("a.csv", "name,id\nx,sale.menu\n", {"sale.menu"}),
        ("a.xml", "<odoo>", {*WANTED}),
        ("a.csv", "\xff\xfe", {*WANTED}),
    ],
)
def test_a_record_is_set_by_its_id_or_by_code_and_not_by_a_reference(
    path: str, text: str, found: set[str]
) -> None:
    assert records_set(path, text.encode("latin-1"), "other", WANTED) == found


def test_the_own_module_may_leave_its_name_out() -> None:
    text = b'<odoo><record id="form" model="x"/></odoo>'
    assert records_set("a.xml", text, "sale", WANTED) == {"sale.form"}
