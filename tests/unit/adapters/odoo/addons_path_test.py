import pytest

from oduflow.adapters.odoo.addons_path import (
    addons_path,
    extra_addons_path,
    is_extra,
    repository_folder,
)
from tests.support.store_rows import pin

URL = "https://example.com/acme/sale-tools.git"


def test_an_extra_repo_is_found_in_a_folder_of_its_own():
    path = extra_addons_path(pin(), (".", "more"), root_is_module=False)

    assert path == ("/mnt/extra/enterprise/enterprise", "/mnt/extra/enterprise/enterprise/more")
    assert extra_addons_path(pin(), (), root_is_module=True) == ("/mnt/extra/enterprise",)
    assert [is_extra(folder) for folder in (*path, "/mnt/repo/sale")] == [True, True, False]


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


@pytest.mark.parametrize(
    ("folders", "root_is_module", "path"),
    [
        ((".",), False, ("/mnt/repo/sale_tools",)),
        (("addons", "more/addons"), False, ("/mnt/repo/sale_tools/addons", "/more/addons")),
        ((".", "addons"), False, ("/mnt/repo/sale_tools", "/mnt/repo/sale_tools/addons")),
        ((), True, ("/mnt/repo",)),
    ],
)
def test_the_addons_path_names_folders_of_the_checkout(folders, root_is_module, path):
    found = addons_path(URL, folders, root_is_module=root_is_module)

    assert len(found) == len(path)
    assert all(there.endswith(end) for there, end in zip(found, path, strict=True))
