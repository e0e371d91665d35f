import pytest

from oduflow.adapters.odoo.addons_path import (
    below,
    extra_target,
    repository_folder,
    repository_target,
    uses_links,
)
from tests.support.store_rows import pin

URL = "https://example.com/acme/sale-tools.git"


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("https://example.com/acme/sale-tools.git", "sale_tools"),
        ("https://example.com/acme/sale-tools/", "sale_tools"),
        ("https://example.com/addons", "addons"),
        ("https://example.com/acme/a.b%20c.git", "a_b_20c"),
        ("https://example.com/acme/Über.git", "_ber"),
        ("https://example.com/..", "__"),
        ("https://example.com/", "repository"),
        ("https://example.com/acme/.git", "repository"),
    ],
)
def test_a_checkouts_folder_is_a_name_that_odoo_can_import(url, folder):
    assert repository_folder(url) == folder


def test_each_checkout_is_mounted_in_a_folder_of_its_own():
    assert repository_target(URL) == "/mnt/repo/sale_tools"
    assert extra_target(pin()) == "/mnt/extra/enterprise/enterprise"


def test_a_folder_of_a_checkout_is_below_it():
    assert below("/mnt/repo/sale_tools", ".") == "/mnt/repo/sale_tools"
    assert below("/mnt/repo/sale_tools", "more/addons") == "/mnt/repo/sale_tools/more/addons"


def test_links_are_mounted_when_the_addons_path_needs_them():
    assert uses_links(("/mnt/repo/sale_tools", "/mnt/links/1"))
    assert not uses_links(("/mnt/repo/links", "/mnt/extra/links/links"))
