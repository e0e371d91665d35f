"""What a look at two states of a real checkout sees, with links, submodules and further data."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from oduflow.adapters.git.git_folder import GitFolder
from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.states import States
from oduflow.domain.addons import CheckoutReport, ImageInventory, Module, OdooRules
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.module_change import ModuleRecord
from oduflow.domain.module_checks import Available, Packages
from oduflow.domain.progress_monitor import UNWATCHED
from oduflow.services.environments.code_change.look import DatabaseFacts, look
from oduflow.services.environments.code_change.overrides import with_overrides
from tests.support.local_checkout import LocalCheckout

VIEW = '<odoo><record id="form" model="ir.ui.view"><field name="a">{}</field></record></odoo>'
FILES: dict[str, str | bytes] = {
    "sale/__manifest__.py": '{"name": "Sale", "data": ["views.xml"]}',
    "sale/views.xml": VIEW.format(1),
    "child/__manifest__.py": '{"name": "Child", "data": ["a.csv"]}',
    "child/a.csv": "id,name\nmine,x\n",
    "shared/note.js": "a",
    "vendor/one_v1/__manifest__.py": "{}",
    "vendor/one_v1/models.py": "A = 1\n",
}


def test_a_file_is_of_the_modules_whose_links_lead_to_it(checkout):
    (checkout.files / "sale/static").mkdir()
    (checkout.files / "sale/static/lib").symlink_to("../../shared")
    (checkout.files / "one").symlink_to("vendor/one_v1")
    checkout.commit = checkout.commit_all()

    plan = looked(checkout, {"shared/note.js": "b", "vendor/one_v1/models.py": "A = 2\n"})

    assert (plan.assets, plan.upgrade) == (("sale",), ("one",))


def test_a_submodules_new_pin_upgrades_the_modules_that_are_found_in_it(checkout):
    checkout.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},oca")
    tree = checkout.git("write-tree")
    before = checkout.git("commit-tree", tree, "-m", "x", "-p", checkout.commit)
    checkout.git("update-index", "--add", "--cacheinfo", f"160000,{'2' * 40},oca")
    after = checkout.git("commit-tree", checkout.git("write-tree"), "-m", "x", "-p", before)

    plan = look(states(checkout), [before], after, database(), found(inner="oca/inner")).plan

    assert plan.upgrade == ("inner",)


@pytest.mark.parametrize(
    ("path", "text", "upgraded"),
    [
        ("child/a.csv", "id,name\nsale.form,x\n", ("sale",)),
        ("child/a.xml", "<odoo><function eval=\"[ref('sale.form')]\"/></odoo>", ("sale",)),
        ("child/a.xml", '<odoo><record id="sale.form" model="ir.ui.view"/></odoo>', ("sale",)),
        ("child/a.xml", '<odoo><field name="inherit_id" ref="sale.form"/></odoo>', ()),
        ("sale/b.xml", VIEW.format(3), ("sale",)),
        ("child/b.xml", VIEW.format(3), ()),
        ("strange/a.csv", "id,name\nsale.form,x\n", ()),
    ],
)
def test_records_that_other_data_of_installed_modules_set_are_upgraded(
    checkout, path, text, upgraded
):
    checkout.put({path: text})
    checkout.commit = checkout.commit_all()

    assert looked(checkout, {"sale/views.xml": VIEW.format(2)}).upgrade == upgraded


@pytest.mark.parametrize("name", ["a.csv", "data/a.csv"])
def test_records_that_data_of_an_extra_repo_set_are_upgraded(checkout, tmp_path, name):
    file = tmp_path / "extra/child" / name
    file.parent.mkdir(parents=True)
    file.write_text("id,name\nsale.form,x\n")
    others = {tmp_path / "extra/child": "child"}

    assert looked(checkout, {"sale/views.xml": VIEW.format(2)}, others).upgrade == ("sale",)
    file.write_text("id,name\nmine,sale.form\n")
    assert looked(checkout, {"sale/views.xml": VIEW.format(4)}, others).upgrade == ()


def looked(
    checkout: LocalCheckout, changes: Mapping[str, str], others: Mapping[Path, str] | None = None
) -> ApplyPlan:
    """Return the plan for changes of the commit that is checked out."""
    own = states(checkout)
    before = own.keep(checkout.commit)
    checkout.put(changes)
    after = own.keep(checkout.commit)
    seen = look(own, [before], after, database(), found())
    folders = {folder: name for folder, name in seen.folders.items() if name in INSTALLED}
    return with_overrides(own, after, seen.plan, folders, others or {})


INSTALLED = ("sale", "child", "one", "inner")


def database() -> DatabaseFacts:
    records = dict.fromkeys(INSTALLED, ModuleRecord("installed"))
    return DatabaseFacts(records, frozenset(), frozenset({"en_US"}))


def found(**modules: str) -> Available:
    """Return what is found in the repository: modules with their paths."""
    report = CheckoutReport(
        modules=tuple(
            Module(name=name, version="", path=path, depends=(), python=())
            for name, path in modules.items()
        ),
        warnings=(),
    )
    rules = OdooRules(series="19.0", checks_series=True, needs_init=False)
    inventory = ImageInventory(rules=rules, modules=())
    return Available.of("odoo:19.0", inventory, report, Packages())


def states(checkout: LocalCheckout) -> States:
    return States(GitFolder(checkout.git_dir, RepositoryLimits(), UNWATCHED), checkout.files)


@pytest.fixture
def checkout(tmp_path) -> LocalCheckout:
    return LocalCheckout.of(tmp_path / "own", FILES)
