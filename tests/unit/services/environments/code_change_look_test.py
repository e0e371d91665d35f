"""What a look at two states of a real checkout sees, with links, submodules and further data."""

from collections.abc import Collection, Mapping

import pytest

from oduflow.adapters.git.git_folder import GitFolder
from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.states import MAX_FILE, States
from oduflow.domain.addons import CheckoutReport, ImageInventory, Module, OdooRules
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.module_change import ModuleRecord
from oduflow.domain.module_checks import Available, Packages
from oduflow.domain.progress_monitor import UNWATCHED
from oduflow.services.environments.code_change.in_place import only_proven
from oduflow.services.environments.code_change.look import DatabaseFacts, look
from oduflow.services.environments.states import MORE_STATES
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
FIELDS = {"child/a.py": "class A(models.Model):\n    a = fields.Char()\n"}


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
        ("sale/b.xml", VIEW.format(3), ("sale",)),
        ("sale/unlisted.xml", VIEW.format(3), ()),
    ],
)
def test_a_record_that_two_files_of_a_module_set_is_upgraded(checkout, path, text, upgraded):
    checkout.put(
        {path: text, "sale/__manifest__.py": '{"name": "Sale", "data": ["views.xml", "b.xml"]}'}
    )
    checkout.commit = checkout.commit_all()

    assert looked(checkout, {"sale/views.xml": VIEW.format(2)}).upgrade == upgraded


def test_a_module_that_others_depend_on_is_upgraded_where_their_data_may_set_its_records(checkout):
    changes = {"sale/views.xml": VIEW.format(2)}

    assert looked(checkout, changes, {"child"}).reload == {"sale": ("views.xml",)}
    assert looked(checkout, {"sale/views.xml": VIEW.format(3)}, {"elsewhere"}).upgrade == ("sale",)


@pytest.mark.parametrize("kind", ["data", "demo"])
def test_data_of_a_dependent_that_set_the_record_are_loaded_after_it(checkout, kind):
    manifest = f'{{"name": "Child", "{kind}": ["b.csv"]}}'
    checkout.put({"child/b.csv": "id,name\nsale.form,x\n", "child/__manifest__.py": manifest})
    checkout.commit = checkout.commit_all()

    assert looked(checkout, {"sale/views.xml": VIEW.format(2)}, {"child"}).upgrade == ("sale",)


@pytest.mark.parametrize("name", ["a.csv", "a.xml", "a.png", "a.py"])
def test_a_file_that_data_name_of_any_kind_upgrades_the_module(checkout, name):
    field = f'<field name="b" type="base64" file="sale/static/{name}"/>'
    data = f'<odoo><record id="a">{field}</record></odoo>'
    checkout.put({f"sale/static/{name}": "1", "sale/views.xml": data})
    checkout.commit = checkout.commit_all()

    assert looked(checkout, {f"sale/static/{name}": "2"}).upgrade == ("sale",)


def test_a_helper_that_another_modules_init_calls_is_upgraded(checkout):
    code = "class A(models.Model):\n    _name = 'a'\n    def tables(self):\n        return {}\n"
    init = "class B(models.Model):\n    def init(self):\n        self.env['a'].tables()\n"
    checkout.put({"sale/a.py": code.format(1), "child/b.py": init})
    checkout.commit = checkout.commit_all()

    assert looked(checkout, {"sale/a.py": code.format(2)}).upgrade == ("sale",)


def test_a_module_whose_record_is_set_by_another_no_more_is_upgraded_too(checkout):
    other = '<odoo><record id="sale.form" model="ir.ui.view"/></odoo>'
    manifest = '{"name": "Child", "data": ["b.xml"]}'
    checkout.put({"child/b.xml": other, "child/__manifest__.py": manifest})
    checkout.commit = checkout.commit_all()

    assert looked(checkout, {"child/b.xml": "<odoo/>"}).upgrade == ("child", "sale")


@pytest.mark.parametrize("more", [FIELDS, {"new/__manifest__.py": "{}", "new/a.py": ""}])
def test_data_are_not_loaded_in_place_beside_modules_that_may_come_to_depend_on_them(
    checkout, more
):
    plan = looked(checkout, {"sale/views.xml": VIEW.format(2), **more})

    assert (plan.reload, "sale" in plan.upgrade) == ({}, True)


def test_code_outside_of_installed_modules_upgrades_those_that_name_it(checkout):
    checkout.put(
        {
            "common/consts.py": "A = 1\n",
            "lib/__manifest__.py": "{}",
            "lib/a.py": "from odoo.addons.common.consts import A\n",
            "sale/a.py": "from odoo.addons.lib.a import A\n",
        }
    )
    checkout.commit = checkout.commit_all()

    plan = looked(checkout, {"common/consts.py": "A = 2\n"})

    assert (plan.upgrade, plan.reimports) == (("sale",), True)
    assert looked(checkout, {"setup/sale/setup.py": "x"}).is_nothing


def test_code_of_tests_that_other_code_imports_counts(checkout):
    checkout.put({"sale/tests/common.py": "A = 1\n", "sale/a.py": "from .tests.common import A\n"})
    checkout.commit = checkout.commit_all()

    assert looked(checkout, {"sale/tests/common.py": "A = 2\n"}).upgrade == ("sale",)


def test_a_form_of_odoos_own_tests_is_no_code_of_the_repositorys(checkout):
    checkout.put({"sale/tests/test_a.py": "A = 1\n", "sale/a.py": "from odoo.tests import Form\n"})
    checkout.commit = checkout.commit_all()

    assert looked(checkout, {"sale/tests/test_a.py": "A = 2\n"}).is_nothing


LARGE = "#" * (MAX_FILE + 1)


@pytest.mark.parametrize(
    ("large", "upgraded"),
    [("lib/a.py", False), ("child/big.xml", False), ("child/b.py", False), ("sale/b.py", True)],
)
def test_a_file_that_is_too_large_to_be_read_counts_for_its_own_module_only(
    checkout, large, upgraded
):
    code = "class A(models.Model):\n    _name = 'a'\n    def b(self):\n        return {}\n"
    checkout.put({"sale/a.py": code.format(1), "sale/tests/test_a.py": "A = 1\n", large: LARGE})
    checkout.commit = checkout.commit_all()

    plan = looked(checkout, {"sale/a.py": code.format(2), "sale/tests/test_a.py": "A = 2\n"})

    assert (plan.upgrade, plan.restart) == ((("sale",), False) if upgraded else ((), True))


def test_a_large_file_of_data_that_calls_functions_may_call_any(checkout):
    code = "class A(models.Model):\n    _name = 'a'\n    def b(self):\n        return {}\n"
    checkout.put({"sale/a.py": code.format(1), "child/big.xml": f"<function/>{LARGE}"})
    checkout.commit = checkout.commit_all()

    assert looked(checkout, {"sale/a.py": code.format(2)}).upgrade == ("sale",)


def test_where_more_states_were_loaded_than_are_kept_all_is_upgraded(checkout):
    own = states(checkout)
    state = own.keep(checkout.commit)

    seen = look(own, [state, MORE_STATES], state, database(), found())

    assert seen.plan.upgrade == ("child", "sale")


def test_the_newest_state_is_kept_that_has_a_module_that_is_gone(checkout):
    own, gone = states(checkout), {"late/__manifest__.py": "{}"}
    first = own.keep(checkout.commit)
    checkout.put(gone)
    second = own.keep(checkout.commit)
    checkout.put({"late/x.py": "a"})
    third = own.keep(checkout.commit)
    records = {**dict.fromkeys(INSTALLED, INSTALLED_RECORD), "late": INSTALLED_RECORD}
    known = DatabaseFacts(records, frozenset(), frozenset())

    assert look(own, [first, second], first, known, found()).last == {"late": second}
    assert look(own, [first, third, second], first, known, found()).last == {"late": second}
    assert look(own, [first, second, third], first, known, found()).last == {"late": third}


def looked(
    checkout: LocalCheckout, changes: Mapping[str, str], dependents: Collection[str] = ()
) -> ApplyPlan:
    """Return the plan for changes of the commit that is checked out."""
    own = states(checkout)
    before = own.keep(checkout.commit)
    checkout.put(changes)
    after = own.keep(checkout.commit)
    seen = look(own, [before], after, database(), found())
    return only_proven(own, after, seen.plan, seen.folders, lambda _: dependents)


INSTALLED = ("sale", "child", "one", "inner")
INSTALLED_RECORD = ModuleRecord("installed")


def database() -> DatabaseFacts:
    records = dict.fromkeys(INSTALLED, INSTALLED_RECORD)
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
