import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from oduflow.domain.errors import Conflict, Kind
from oduflow.domain.module_change import MODULES_CHANGE
from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.environments.module_change import take_over
from tests.support.memory.odoo import Changing, module
from tests.support.memory.postgres import PARTIAL, MemoryTenant
from tests.support.memory.process import Process

CONTAINER = "memory-env-1.sale"
UNTOUCHED = "The states and versions of all modules are what they were before."


def test_modules_are_installed_beside_the_serving_odoo_which_takes_them_over(world, running):
    container = world.engine.containers[CONTAINER]
    started = container.started_at

    envelope = running.call("install_modules", name="sale", modules=["crm", "stock_x", "crm"])

    changed = envelope.data
    assert envelope.summary == "crm, stock_x were installed in sale, which serves."
    assert [(each.name, each.old_state, each.state, each.version) for each in changed.modules] == [
        ("crm", None, "installed", "19.0.1.0"),
        ("stock_x", None, "installed", "19.0.1.0"),
    ]
    assert changed.actions == ("installed crm, stock_x", "reloaded the registry")
    assert world.odoo.changes == [("install", ("crm", "stock_x"))]
    assert world.engine.containers[CONTAINER] is container
    assert container.started_at == started, "nothing of its code changed"
    assert row(running).modules == ("sale", "crm", "stock_x"), "a rebuild installs them too"
    assert (row(running).step, row(running).job, row(running).state) == ("", "", "running")


def test_changed_code_is_served_by_an_odoo_that_starts_itself_again(world, running):
    change_code(running)

    changed = running.ok("upgrade_modules", name="sale", modules=["sale"])

    assert changed.actions == ("upgraded sale", "started Odoo again")
    assert world.engine.containers[CONTAINER].status == "running"


@pytest.mark.usefixtures("impatient")
def test_an_odoo_that_does_not_start_itself_again_is_restarted(world, running):
    change_code(running)
    world.odoo.hangs_up = False
    running.ok("restart_environment", name="sale")
    change_code(running)
    first = world.engine.containers[CONTAINER].started_at

    changed = running.ok("upgrade_modules", name="sale", modules=["sale"])

    assert changed.actions == ("upgraded sale", "restarted the container")
    assert world.engine.containers[CONTAINER].started_at > first


def test_new_code_that_breaks_the_serving_odoo_is_told_and_the_environment_has_failed(
    world, running
):
    change_code(running)
    world.odoo.page_status = 500

    error = running.refused("upgrade_modules", name="sale", modules=["sale"])

    assert error.message == "/web/login answers HTTP 500."
    assert (row(running).state, row(running).step) == ("failed", "")
    world.odoo.page_status = 200
    changed = running.ok("upgrade_modules", name="sale", modules=["sale"])
    assert (changed.state, changed.actions[-1]) == ("running", "started Odoo")


def test_an_installation_is_undone_with_the_same_container(world, running):
    world.odoo.changing.leaves = {"other": "installed"}
    name = plan_of(running).database
    before = world.postgres.databases[name].modules
    envelope = running.call("install_modules", name="sale", modules=["crm"])
    container = world.engine.containers[CONTAINER].id
    undo = next(each for each in envelope.next if each.operation == "rollback_environment")

    running.ok(undo.operation, **undo.arguments)

    assert world.postgres.databases[name].modules == before
    assert row(running).modules == ("sale",)
    assert world.engine.containers[CONTAINER].id == container


def test_a_stopped_environment_stays_stopped(world, running):
    running.ok("stop_environment", name="sale")

    envelope = running.call("install_modules", name="sale", modules=["crm"])

    assert envelope.summary == "crm was installed in sale, which is stopped."
    assert envelope.data.actions == ("installed crm",)
    assert world.engine.containers[CONTAINER].status == "exited"
    assert row(running).state == "stopped"


def test_an_uninstalled_module_is_no_longer_what_a_rebuild_installs(running):
    running.ok("install_modules", name="sale", modules=["crm"])

    changed = running.ok("uninstall_modules", name="sale", modules=["crm"])

    assert [(each.name, each.old_state, each.state, each.version) for each in changed.modules] == [
        ("crm", "installed", "uninstalled", "")
    ]
    assert row(running).modules == ("sale",)
    assert running.ok("rebuild_environment", name="sale").state == "running"


@pytest.mark.parametrize(
    ("tool", "modules", "kind", "message"),
    [
        ("install_modules", ["stock_y"], Kind.NOT_FOUND, "Did you mean stock_x?"),
        ("install_modules", ["sale"], Kind.CONFLICT, "sale is installed in sale already."),
        ("install_modules", ["lost"], Kind.NOT_FOUND, "lost needs nowhere"),
        ("install_modules", ["off"], Kind.INVALID, "off 1.0 cannot be installed"),
        ("install_modules", ["needs_python"], Kind.INVALID, "no_such_library"),
        ("upgrade_modules", ["crm"], Kind.CONFLICT, "crm is not installed in sale."),
        ("upgrade_modules", ["sael"], Kind.NOT_FOUND, "Did you mean sale?"),
        ("upgrade_modules", ["sael", "stok_x"], Kind.NOT_FOUND, "stok_x (did you mean stock_x?)."),
        ("upgrade_modules", ["gone"], Kind.NOT_FOUND, "has its folder any more"),
        ("uninstall_modules", ["crm"], Kind.CONFLICT, "crm is not installed in sale."),
        ("uninstall_modules", ["web"], Kind.INVALID, "web is never uninstalled"),
        ("uninstall_modules", ["gone"], Kind.CONFLICT, "sale needs gone"),
    ],
)
def test_what_odoo_could_not_do_is_refused_before_anything_runs(
    world, running, tool, modules, kind, message
):
    change_database(world, running, modules={"gone": "installed"}, depends={"sale": ("gone",)})
    before = world.odoo.changes[:], databases(world)

    error = running.refused(tool, name="sale", modules=modules)

    assert (error.kind, message in error.message) == (kind, True), error.message
    assert (world.odoo.changes, databases(world)) == before
    assert row(running).step == ""


def test_the_call_that_uninstalls_what_depends_on_a_module_is_suggested(world, running):
    change_database(world, running, modules={"gone": "installed"}, depends={"sale": ("gone",)})

    error = running.refused("uninstall_modules", name="sale", modules=["gone"])

    assert error.next[0].arguments["modules"] == ["gone", "sale"]


def test_a_module_in_a_folder_that_had_none_is_not_found_by_odoo_yet(running):
    folder = plan_of(running).checkout / "more" / "late"
    folder.mkdir(parents=True)
    (folder / "__manifest__.py").write_text('{"name": "x"}')
    (folder / "__init__.py").write_text("")

    error = running.refused("install_modules", name="sale", modules=["late"])

    assert (error.kind, error.next[0].operation) == (Kind.CONFLICT, "rebuild_environment")


def test_a_failure_names_file_line_and_cause_and_leaves_everything_as_it_was(world, running):
    world.odoo.broken.add("crm")
    container = world.engine.containers[CONTAINER]
    started, logged = container.started_at, len(container.log)

    error = running.refused("install_modules", name="sale", modules=["crm"])

    assert error.message == (
        "crm was not installed: sale/views.xml:7: ParseError: Field “x” does not exist."
    )
    assert UNTOUCHED in error.hint
    assert "The serving Odoo was not touched." in error.hint
    assert (container.started_at, len(container.log)) == (started, logged)
    assert row(running).modules == ("sale",)
    assert (row(running).state, row(running).step, row(running).error) == ("running", "", None)


def test_what_odoo_finished_before_it_failed_is_told_and_served(world, running):
    world.odoo.broken.add("crm")
    world.odoo.changing.leaves = {"stock_x": "installed", "other": "to install"}

    error = running.refused("install_modules", name="sale", modules=["stock_x", "crm"])

    assert "Odoo had finished before: stock_x (unknown → installed)." in error.hint
    assert "it started Odoo again" in error.hint
    assert states(world, running)["other"] == "uninstalled"
    assert row(running).state == "running"


def test_a_failed_upgrade_leaves_the_serving_odoo_alone(world, running):
    world.odoo.broken.add("sale")
    world.odoo.changing.lines = (
        "2026-01-01 00:00:00,000 1 INFO x odoo.modules.loading: Module web loaded in 0.1s",
    )
    logged = len(world.engine.containers[CONTAINER].log)

    error = running.refused("upgrade_modules", name="sale", modules=["sale"])

    assert "Odoo had finished web before, which may stay upgraded." in error.hint
    assert len(world.engine.containers[CONTAINER].log) == logged


@pytest.mark.parametrize(
    ("changing", "message"),
    [
        (Changing(does_nothing=True), "crm is unknown to Odoo, though Odoo ended without an error"),
        (Changing(exit_code=0), "Odoo gave no verdict and ended with exit code 0: ValueError"),
        (Changing(exit_code=255), "Odoo gave no verdict and ended with exit code 255"),
        (Changing(versions={"crm": "18.0.1"}), "crm has version 18.0.1, not 1.0/19.0.1.0"),
        (
            Changing(log=(("ERROR", "odoo.modules", "Some modules are not loaded"),)),
            "crm was installed, but Odoo logged error odoo.modules: Some modules",
        ),
        (
            Changing(log=(("WARNING", "odoo.schema", "unable to set NOT NULL"),)),
            "crm was installed, but Odoo logged warning odoo.schema: unable to set",
        ),
        (
            Changing(missing_columns={"sale.order.x": ("sale",)}),
            "the code has stored fields without a column: sale.order.x.",
        ),
    ],
)
def test_nothing_is_called_installed_that_is_not_proven(world, running, changing, message):
    world.odoo.changing = changing

    error = running.refused("install_modules", name="sale", modules=["crm"])

    assert message in error.message
    assert (row(running).state, row(running).step) == ("running", "")


def test_the_upgrade_that_makes_missing_columns_is_suggested(world, running):
    world.odoo.changing.missing_columns = {"sale.order.x": ("sale",)}

    error = running.refused("install_modules", name="sale", modules=["crm"])

    suggested = {each.operation: each.arguments for each in error.next}
    assert suggested["upgrade_modules"]["modules"] == ["sale"]
    assert "keeps the code that it has loaded until it is restarted" in error.hint


def test_an_error_that_the_serving_odoo_has_logged_before_is_no_failure(world, running):
    world.odoo.changing.log = (("ERROR", "odoo", "an old trouble"), ("WARNING", "odoo.x", "a\nb"))
    world.odoo.changing.lines = ("the log",)
    world.odoo.boot_log = (*world.odoo.boot_log, "1 ERROR x odoo: an old trouble")
    running.ok("restart_environment", name="sale")

    envelope = running.call("install_modules", name="sale", modules=["crm"])

    assert envelope.status == "ok"
    assert envelope.warnings == ("Odoo warned: odoo.x: a b",)
    assert envelope.output


def test_states_of_modules_that_odoo_left_are_reset_afterwards(world, running):
    world.odoo.changing.leaves = {"other": "to upgrade"}

    changed = running.ok("install_modules", name="sale", modules=["crm"])

    assert "reset the states of other, which Odoo did not load" in changed.actions
    assert states(world, running)["other"] == "installed"


def test_states_that_a_killed_installation_left_are_reset_first(world, running):
    change_database(world, running, modules={"web": "to upgrade"}, parameters={PARTIAL: "1"})

    changed = running.ok("install_modules", name="sale", modules=["crm"])

    assert changed.actions[0] == "reset the states of web, which were left over"
    found = world.postgres.databases[plan_of(running).database]
    assert (found.modules["web"], found.parameters) == ("installed", {})


@pytest.mark.thorough
def test_a_step_that_fails_leaves_consistent_states_and_can_be_repeated(world, running):
    wrong = {}
    for point in steps(running):
        running.faults.fail(point)
        world.odoo.changing.leaves = {"other": "to install"}
        error = running.refused("install_modules", name="sale", modules=["crm"])
        now = row(running)
        told = (error.message, now.step, states(world, running).get("other", "uninstalled"))
        if told != (f"It broke at {point}.", "", "uninstalled"):
            wrong[point] = told
        world.odoo.changing.leaves = {}
        if states(world, running).get("crm") == "installed":
            running.ok("uninstall_modules", name="sale", modules=["crm"])

    assert wrong == {}
    assert running.ok("install_modules", name="sale", modules=["crm"]).state == "running"


@pytest.mark.thorough
def test_a_change_that_is_killed_anywhere_is_settled_at_the_next_start(world, running):
    wrong = {}
    for point in steps(running):
        world.odoo.changing.leaves = {"other": "to install"}
        Process(world).killed("install_modules", at=point, name="sale", modules=["crm"])
        world.odoo.changing.leaves = {}
        after = Process(world)
        if row(after).step == MODULES_CHANGE:
            assert after.refused("restart_environment", name="sale").kind is Kind.BUSY
        after.reconcile()
        found, left = row(after), states(world, after)
        if (found.state, found.step, found.error) != ("running", "", None):
            wrong[point] = found
        if any(state.startswith("to ") for state in left.values()):
            wrong[point] = left
        if left.get("crm") == "installed":
            after.ok("uninstall_modules", name="sale", modules=["crm"])

    assert wrong == {}


def test_a_database_that_refuses_to_be_settled_keeps_the_environment_from_nothing(
    world, running, monkeypatch
):
    running.ok("create_snapshot", name="sale", snapshot="before")
    Process(world).killed(
        "install_modules", at=f"{MODULES_CHANGE}.odoo.after", name="sale", modules=["crm"]
    )
    after = Process(world)

    def refuse(_tenant):
        raise Conflict("A trigger refuses.")

    with monkeypatch.context() as hostile:
        hostile.setattr(MemoryTenant, "reset_module_states", refuse)
        after.reconcile()
        found = row(after)
        assert (found.state, found.step, found.error.message) == (
            "failed",
            "",
            "A trigger refuses.",
        )

    after.ok("rollback_environment", name="sale", snapshot="before")


def test_a_killed_change_of_a_stopped_environment_does_not_start_it(world, running):
    running.ok("stop_environment", name="sale")
    point = f"{MODULES_CHANGE}.odoo.after"
    Process(world).killed("install_modules", at=point, name="sale", modules=["crm"])
    after = Process(world)

    after.reconcile()

    assert (row(after).state, row(after).step) == ("stopped", "")
    assert world.engine.containers[CONTAINER].status == "exited"


def test_an_environment_that_never_served_is_created_again_instead(world, process, sale):
    world.odoo.broken.add("sale")
    process.refused("create_environment", **sale)

    error = process.refused("install_modules", name="sale", modules=["crm"])

    assert (error.kind, error.next[0].operation) == (Kind.CONFLICT, "get_environment")


def test_a_lost_container_is_made_again_first(world, running):
    del world.engine.containers[CONTAINER]

    error = running.refused("install_modules", name="sale", modules=["crm"])

    assert (error.kind, error.next[0].operation) == (Kind.CONFLICT, "rebuild_environment")


def test_only_changes_of_code_count_and_links_are_not_followed(tmp_path):
    (tmp_path / "views.xml").write_text("old")
    (tmp_path / "model.py").write_text("old")
    time.sleep(0.05)
    since = datetime.now(UTC)
    time.sleep(0.05)
    (tmp_path / "views.xml").write_text("new")

    assert not take_over.code_changed(tmp_path, since)
    (tmp_path / "model.py").write_text("new")
    assert take_over.code_changed(tmp_path, since)
    assert not take_over.code_changed(tmp_path, since + timedelta(minutes=1))


def steps(process):
    """Return the points of the saga, and the calls between them."""
    passed = process.passed("install_modules", name="sale", modules=["crm"])
    process.ok("uninstall_modules", name="sale", modules=["crm"])
    return [point for point in passed if point.startswith(MODULES_CHANGE)]


def change_code(process):
    """Change a file of the checkout later than Odoo started."""
    time.sleep(0.05)
    (plan_of(process).checkout / "sale" / "__init__.py").write_text("# changed")


def change_database(world, process, **changes):
    name = plan_of(process).database
    before = world.postgres.databases[name]
    changes["modules"] = {**before.modules, **changes["modules"]}
    world.postgres.change(name, **changes)


def states(world, process):
    return world.postgres.databases[plan_of(process).database].modules


def databases(world):
    return json.dumps({name: each.modules for name, each in world.postgres.databases.items()})


def row(process):
    [found] = process.deps.store.environments.list("1")
    return found


def plan_of(process):
    return EnvironmentPlan.of(process.deps.naming, row(process))


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(take_over, "PROOF_SECONDS", 0.2)
    monkeypatch.setattr(take_over, "RELOAD_SECONDS", 0.2)


@pytest.fixture
def sale(world):
    """The arguments of an environment with modules of which some cannot be installed."""
    manifests = {
        "lost": '{"name": "x", "depends": ["nowhere"]}',
        "off": '{"name": "x", "installable": False}',
        "needs_python": '{"name": "x", "external_dependencies": {"python": ["no_such_library"]}}',
    }
    files = {f"{name}/__manifest__.py": text for name, text in manifests.items()}
    names = ("sale", "stock_x", "other", *manifests)
    url = world.git.repository("addons", {"main": module(*names) | files})
    return {"name": "sale", "repo_url": url, "modules": ["sale"]}


@pytest.fixture
def running(process, sale):
    """An environment that serves."""
    process.ok("create_environment", **sale)
    return process
