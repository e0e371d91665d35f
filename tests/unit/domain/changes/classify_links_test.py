"""What changed links and submodules need, and files that links lead to."""

import pytest

from oduflow.domain.changes.classify import classify
from oduflow.domain.changes.facts import RepositoryFacts
from oduflow.domain.changes.links import with_linked
from oduflow.domain.changes.needs import ChangedFile, EntryKind, Need
from oduflow.domain.changes.plan import ApplyPlan


@pytest.mark.parametrize(
    ("path", "kind", "upgraded"),
    [
        ("addons", EntryKind.SUBMODULE, ("inner",)),
        ("addons/inner", EntryKind.LINK, ("inner",)),
        ("setup/inner", EntryKind.LINK, ("inner",)),
        ("addons/inner/lib", EntryKind.LINK, ("inner",)),
        ("docs", EntryKind.LINK, ()),
    ],
)
def test_a_link_or_a_submodule_upgrades_the_installed_modules_that_it_may_hold(
    path: str, kind: EntryKind, upgraded: tuple[str, ...]
) -> None:
    modules = {"addons/inner": "inner", "addons/strange": "strange"}
    facts = RepositoryFacts(modules, modules, installed=frozenset({"inner"}))

    plan = ApplyPlan.of(classify([ChangedFile(path, b"a", b"b", kind)], facts))

    assert plan.upgrade == upgraded


@pytest.mark.parametrize(
    ("links", "known", "upgraded"),
    [
        ({}, {"sale": "vendor/sales/sale"}, ("sale",)),
        ({"sale": "vendor/sales/sale_v2"}, {}, ("sale",)),
        ({"stock/static/lib": "vendor/sales/lib"}, {}, ("stock",)),
        ({"addons": "vendor"}, {"sale": "elsewhere/sale"}, ()),
    ],
)
def test_a_submodules_new_pin_upgrades_the_installed_modules_that_have_files_in_it(
    links: dict[str, str], known: dict[str, str], upgraded: tuple[str, ...]
) -> None:
    modules = {"stock": "stock"}
    facts = RepositoryFacts(
        modules, modules, installed=frozenset({"sale", "stock"}), links=links, known=known
    )
    changed = ChangedFile("vendor/sales", b"a", b"b", EntryKind.SUBMODULE)

    assert ApplyPlan.of(classify([changed], facts)).upgrade == upgraded


def test_the_modules_of_a_submodule_that_is_gone_are_to_be_uninstalled() -> None:
    known = {"sale": "vendor/sales/sale", "stock": "vendor/sales/stock"}
    installed, elsewhere = frozenset({"sale", "stock"}), frozenset({"stock"})
    facts = RepositoryFacts({}, {}, installed=installed, known=known, elsewhere=elsewhere)

    plan = ApplyPlan.of(
        classify([ChangedFile("vendor/sales", b"a", None, EntryKind.SUBMODULE)], facts)
    )

    assert (plan.uninstall, plan.upgrade) == (("sale",), ("stock",))


def test_a_module_that_may_have_moved_into_a_submodule_is_looked_for_there() -> None:
    facts = RepositoryFacts({"sale": "sale"}, {}, installed=frozenset({"sale"}))
    files = [
        ChangedFile("sale/__manifest__.py", b"{}", None),
        ChangedFile("vendor/sales", None, b"b", EntryKind.SUBMODULE),
    ]

    plan = ApplyPlan.of(classify(files, facts))

    assert (plan.upgrade, plan.uninstall) == (("sale",), ())


def test_a_link_to_another_folder_of_modules_upgrades_those_of_both() -> None:
    folders = {"v1/sale": "sale", "v2/stock": "stock", "v3/other": "other"}
    facts = RepositoryFacts(
        folders,
        folders,
        installed=frozenset(folders.values()),
        links={"addons": "v2"},
    )

    plan = ApplyPlan.of(classify([ChangedFile("addons", b"v1", b"v2", EntryKind.LINK)], facts))

    assert plan.upgrade == ("sale", "stock")


@pytest.mark.parametrize(
    ("links", "path", "need"),
    [
        ({"notes/static/lib": "shared"}, "shared/note.js", Need.ASSETS),
        ({"notes/models/more.py": "shared/more.py"}, "shared/more.py", Need.UPGRADE),
        ({"notes/models": "shared", "shared/in": "lib"}, "lib/more.py", Need.UPGRADE),
        ({"other/static/lib": "shared"}, "shared/note.js", Need.NOTHING),
    ],
)
def test_a_file_that_a_link_in_a_module_leads_to_is_the_modules(
    links: dict[str, str], path: str, need: Need
) -> None:
    folders = {"notes": "notes", "other": "other"}
    facts = RepositoryFacts(folders, folders, installed=frozenset({"notes"}), links=links)

    [verdict] = ApplyPlan.of(classify([ChangedFile(path, b"a = 1", b"a = 2")], facts)).verdicts

    assert (verdict.path, verdict.need) == (path, need)
    assert verdict.module == ("other" if need is Need.NOTHING else "notes")


def test_a_module_that_only_a_link_names_is_classified_by_that_name() -> None:
    links = {"sale": "vendor/sale_v2"}
    folders = with_linked({"vendor/sale_v2": "sale_v2"}, links)
    facts = RepositoryFacts(folders, folders, installed=frozenset({"sale"}), links=links)
    file = ChangedFile("vendor/sale_v2/models.py", b"a = 1", b"a = 2")

    assert ApplyPlan.of(classify([file], facts)).upgrade == ("sale",)
