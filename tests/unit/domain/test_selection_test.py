import re

import pytest

from oduflow.domain.errors import Invalid
from oduflow.domain.test_selection import check_tags, odoo_tags

MODULES = ("sale", "crm")
ODOO_14 = re.compile(r"^([+-]?)(\*|\w*)(?:/(\w*))?(?::(\w*))?(?:\.(\w*))?$")  # TagsSelector's


@pytest.mark.parametrize(
    ("tags", "given"),
    [
        ("", "/sale,/crm"),
        (" , ", "/sale,/crm"),
        ("post_install", "post_install/sale,post_install/crm"),
        ("*", "*/sale,*/crm"),
        ("-slow", "/sale,/crm,-slow"),
        ("slow, -:TestOrder", "slow/sale,slow/crm,-:TestOrder"),
        (":TestOrder", "/sale:TestOrder,/crm:TestOrder"),
        (".test_total", "/sale.test_total,/crm.test_total"),
        ("/sale:TestOrder.test_total", "/sale:TestOrder.test_total"),
        ("+slow/crm", "slow/crm"),
        ("-/crm:TestLead", "/sale,/crm,-/crm:TestLead"),
        ("/sale/tests/test_order.py:TestOrder", "/sale:TestOrder"),
    ],
)
def test_every_part_that_includes_is_about_the_modules(tags, given):
    check_tags(tags, MODULES)

    assert odoo_tags(tags, MODULES) == given
    assert all(ODOO_14.match(part) for part in given.split(","))


@pytest.mark.parametrize("tags", ["a b", "-", "+", "sale.tests.test_order", "/", ":", "a;b", "[x]"])
def test_what_odoo_would_only_log_is_refused(tags):
    with pytest.raises(Invalid, match="is no test tag") as refusal:
        check_tags(tags, MODULES)

    assert refusal.value.argument == "tags"


@pytest.mark.parametrize(
    ("tags", "hint"),
    [
        ("-/sale/tests/test_slow.py", "Name the class: -/sale:TestOrder."),
        ("/sale/tests/test_slow.py", "Name the class: /sale:TestOrder."),
        ("slow/sale/tests/test_slow.py.test_it", "Name the class: slow/sale:TestOrder."),
        ("-/sale/tests/test_slow.py:TestSlow", "Write -/sale:TestSlow."),
        ("-/sale/tests/test_slow.py:TestSlow.test_it", "Write -/sale:TestSlow.test_it."),
    ],
)
def test_a_file_that_would_be_read_as_the_whole_module_is_refused(tags, hint):
    with pytest.raises(Invalid, match="names a file") as refusal:
        check_tags(tags, MODULES)

    assert (refusal.value.argument, refusal.value.hint) == ("tags", hint)


def test_another_module_is_refused():
    with pytest.raises(Invalid, match="name module stock, and the modules are sale, crm"):
        check_tags("/stock", MODULES)
