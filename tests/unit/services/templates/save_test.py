import os
import shutil
from types import SimpleNamespace

import pytest

from oduflow.adapters.filestore import copies, flatten
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.neutralised import Neutralised, Remaining
from oduflow.domain.plan import TemplatePlan
from oduflow.services.snapshots import create
from tests.support.memory.process import Process

ANOTHER = Neutralised(at="", seconds=0.0, odoo=("base",), rules=(), proven=("a rule",))


def saved(process, name="kept", **more):
    return process.call("save_as_template", name="sale", template=name, **more)


def row_of(process, name="kept"):
    found = process.deps.store.templates.get("1", name)
    assert found is not None
    return found


def files_of(process, name="kept"):
    plan = TemplatePlan.of(process.deps.naming, row_of(process, name))
    return process.deps.engine.volumes.mountpoint(plan.volume) / "filestore" / plan.database


def test_a_template_is_what_the_environment_was_and_the_environment_runs_on(world, held, process):
    envelope = saved(process)

    made, row = envelope.data, row_of(process)
    assert (made.name, made.state, made.version) == ("kept", "ready", 1)
    assert (made.source, made.commit) == ("environment sale", held.row.commit)
    assert (made.odoo_image, made.odoo_version) == ("odoo:19.0", "19.0")
    assert made.neutralized is None
    assert made.size is not None
    assert made.size > len("first")
    assert (files_of(process) / "written").read_text() == "first"
    database = world.postgres.databases[f"tpl_{row.id}"]
    assert (database.sealed, database.objects_of) == (True, f"tpl_{row.id}")
    assert held.status == "running"
    assert held.snapshots() == []
    assert "create_environment" in envelope.next[0].as_call()


def test_an_environment_of_it_has_the_data(world, held, process):
    saved(process)

    made = process.ok("create_environment", name="again", template="kept")

    row = process.deps.store.environments.get("1", "again")
    assert made.template == "kept"
    assert row.repo_url == held.row.repo_url
    layers = process.deps.engine.volumes.mountpoint(f"memory-env-{row.id}-layers")
    assert (layers / "current" / "upper" / "written").read_text() == "first"


def test_modules_are_those_that_are_installed(world, held, process):
    world.postgres.install(held.plan.database, ["crm", "sale"])

    assert saved(process).data.modules == ("crm", "sale")


def test_the_environments_secrets_and_sessions_stay_behind(world, held, process):
    world.postgres.change(
        held.plan.database,
        private=("a session",),
        parameters={"web.base.url": "http://erp.example.com:18069"},
    )
    own = world.postgres.databases[held.plan.database]

    saved(process)

    kept = world.postgres.databases[f"tpl_{row_of(process).id}"]
    assert kept.admin_password not in {"", own.admin_password}
    assert kept.secret != own.secret
    assert kept.private == ()
    assert kept.parameters["web.base.url"] == "http://localhost:8069"
    assert world.postgres.databases[held.plan.database].private == ("a session",)


def test_what_create_environment_leaves_out_comes_from_the_environment(world, process, full):
    process.ok("create_environment", **full | {"branch": "main"})

    saved(process)

    defaults = row_of(process).defaults
    assert (defaults.repo_url, defaults.branch) == (full["repo_url"], "main")
    assert defaults.extra_repos == ("web@19.0",)
    assert (defaults.odoo_image, defaults.modules) == ("", ())


def test_an_existing_name_is_refused_unless_it_is_to_be_replaced(held, process):
    refused = process.refused("save_as_template", name="sale", template="base")
    assert "There is a template “base” already" in refused.message

    made = saved(process, "base", replace=True).data

    assert (made.name, made.version) == ("base", 2)
    retired = process.deps.store.templates.by_id(held.row.template_id)
    assert (retired.name, retired.state) == ("base.v1", "retired")


def test_a_new_version_keeps_description_and_defaults_of_the_former(held, process):
    process.ok("update_template", name="base", description="The shop", modules=["crm"])

    saved(process, "base", replace=True)

    row = row_of(process, "base")
    assert row.description == "The shop"
    assert row.defaults.modules == ("crm",)
    assert row.defaults.repo_url == held.row.repo_url


def test_data_of_production_are_proven_to_be_neutralised_again(world, held, process):
    process.deps.store.templates.update(held.row.template_id, neutralised=ANOTHER)

    made = saved(process)

    row = row_of(process)
    assert made.data.neutralized is True
    assert row.neutralised.odoo == ("base",)
    assert row.neutralised.proven == ("system parameters",)
    kept = world.postgres.databases[f"tpl_{row.id}"]
    assert kept.parameters["database.is_neutralized"] == "true"


def test_data_of_production_that_are_not_neutralised_are_refused(world, held, process):
    process.deps.store.templates.update(held.row.template_id, neutralised=ANOTHER)
    wrong = (Remaining("scheduled actions", "ir_cron", ("id 4",)),)
    world.postgres.change(held.plan.database, remaining=wrong)
    before = world.everything()

    error = process.refused("save_as_template", name="sale", template="kept")

    assert error.message.startswith("The database was not neutralised")
    assert "ir_cron id 4" in error.message
    assert process.deps.store.templates.get("1", "kept") is None
    assert world.everything() == before
    assert held.status == "running"


def test_one_that_was_never_neutralised_is_not_changed(world, held, process):
    world.postgres.change(held.plan.database, remaining=(Remaining("a", "b", ("c",)),))

    assert saved(process).data.neutralized is None


def test_an_environment_of_an_older_version_is_told_to_rebuild(held, process):
    process.deps.store.environments.update(held.row.id, filestore=FilestoreKind.VOLUME)

    error = process.refused("save_as_template", name="sale", template="kept")

    assert "rebuild_environment name=sale" in [step.as_call() for step in error.next]


def test_one_that_never_served_is_refused(held, process):
    rows = process.deps.store.environments
    rows.update(held.row.id, served=False, state=EnvironmentState.FAILED)

    error = process.refused("save_as_template", name="sale", template="kept")

    assert "never served" in error.message


@pytest.mark.parametrize("operation", ["stop_environment", None])
def test_one_that_does_not_run_is_saved_and_stays_as_it_is(world, held, process, operation):
    if operation:
        process.ok(operation, name="sale")
    else:
        del world.engine.containers[held.plan.container]

    saved(process)

    found = world.engine.containers.get(held.plan.container)
    assert found is None or found.status == "exited"


def test_one_that_is_never_at_rest_is_refused_and_runs_on(world, held, process, monkeypatch):
    monkeypatch.setattr(create, "QUIET_SECONDS", 0.2)
    world.postgres.change(held.plan.database, busy=1)
    before = world.everything()

    error = process.refused("save_as_template", name="sale", template="kept")

    assert error.kind == "busy"
    assert (held.status, held.snapshots()) == ("running", [])
    assert world.everything() == before


def test_what_would_not_fit_is_refused_before_it_begins(held, process, monkeypatch):
    monkeypatch.setattr(create, "CLONE_BYTES", 1 << 60)

    error = process.refused("save_as_template", name="sale", template="kept")

    assert error.kind == "quota"
    assert error.message.startswith("A snapshot of sale needs")
    assert (held.status, held.snapshots()) == ("running", [])


def test_copies_of_files_that_cannot_be_linked_are_refused_where_no_room_is_left(
    world, held, process, monkeypatch
):
    before = world.everything()

    def not_linked_on_a_full_disk(*_words):
        usage = SimpleNamespace(total=1 << 40, free=0)
        monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
        return False

    monkeypatch.setattr(flatten, "linked", not_linked_on_a_full_disk)
    monkeypatch.setattr(copies, "clone", lambda *_files: False)

    error = process.refused("save_as_template", name="sale", template="kept")

    assert error.kind == "quota"
    assert error.message.startswith("There is no room left")
    assert (held.status, held.snapshots()) == ("running", [])
    assert world.everything() == before


@pytest.mark.thorough
def test_a_team_has_as_many_templates_as_it_may(held, process):
    for number in range(process.deps.settings.teams["1"].max_templates - 1):
        process.ok("create_template", name=f"t{number}")

    error = process.refused("save_as_template", name="sale", template="kept")

    assert error.kind == "quota"


def test_files_below_are_linked_and_survive_their_template(world, process, sale):
    lower = files_of(process, "base")
    lower.mkdir(parents=True, exist_ok=True)
    (lower / "stays").write_text("stays")
    world.overlay_refusal = ""
    process.ok("create_environment", **sale | {"modules": []})
    row = process.deps.store.environments.get("1", "sale")
    assert row.filestore is FilestoreKind.OVERLAY
    layers = process.deps.engine.volumes.mountpoint(f"memory-env-{row.id}-layers")
    (layers / "current" / "upper" / "mine").write_text("mine")

    saved(process)

    made = files_of(process)
    assert {path.name for path in made.iterdir()} >= {"stays", "mine"}
    assert (made / "stays").samefile(lower / "stays")
    assert not (made / "mine").samefile(layers / "current" / "upper" / "mine")
    process.ok("delete_environment", name="sale")
    process.ok("delete_template", name="base")
    assert (made / "stays").read_text() == "stays"
    assert (made / "mine").read_text() == "mine"
    process.ok("create_environment", name="again", template="kept")


def test_pipes_are_left_out_and_named(held, process):
    layers = process.deps.engine.volumes.mountpoint(f"memory-env-{held.row.id}-layers")
    os.mkfifo(layers / "current" / "upper" / "pipe")

    [warning] = saved(process).warnings

    assert warning.startswith("1 ")
    assert not (files_of(process) / "pipe").exists()


@pytest.mark.thorough
def test_a_step_that_fails_leaves_nothing_and_the_environment_running(world, held, process):
    points = steps(process)
    before, wrong = world.everything(), {}
    for point in points:
        process.faults.fail(point)
        error = process.refused("save_as_template", name="sale", template="cut")
        left = process.deps.store.templates.get("1", "cut")
        told = (error.message, held.status, held.snapshots(), left, world.everything() == before)
        if told != (f"It broke at {point}.", "running", [], None, True):
            wrong[point] = told

    assert wrong == {}
    saved(process, "cut")


@pytest.mark.thorough
def test_one_that_is_killed_anywhere_leaves_nothing_and_the_environment_running(
    world, held, process
):
    points = steps(process)
    before, wrong = world.everything(), {}
    for point in points:
        Process(world).killed(
            "save_as_template", at=point, name="sale", template="base", replace=True
        )
        after = Process(world)
        after.reconcile()
        versions = [(row.name, row.state) for row in after.deps.store.templates.list("1")]
        told = (held.status, held.snapshots(after), versions, world.everything() == before)
        if told != ("running", [], [("base", "ready")], True):
            wrong[point] = told

    assert wrong == {}


def test_a_killed_one_is_removed_by_the_next_call_without_a_reconciliation(world, held, process):
    Process(world).killed("save_as_template", at="save.volume.after", name="sale", template="cut")

    after = Process(world)
    saved(after, "cut")

    assert [row.name for row in after.deps.store.templates.list("1")] == ["base", "cut"]
    assert held.snapshots(after) == []


def test_after_the_loss_of_the_store_it_is_adopted_with_what_is_known(world, held, process):
    process.deps.store.templates.update(held.row.template_id, neutralised=ANOTHER)
    saved(process, "safe")
    process.deps.store.templates.update(held.row.template_id, neutralised=None)
    saved(process, "plain")
    (world.data_dir / "oduflow.db").unlink()

    after = Process(world)
    after.reconcile()

    shown = {
        row.name: (row.neutralized, row.source, row.commit)
        for row in after.deps.store.templates.list("1")
    }
    commit = shown["safe"][2]
    assert commit
    assert shown["safe"] == (True, "environment sale", commit)
    assert shown["plain"] == (None, "environment sale", commit)


def steps(process):
    points = process.passed("save_as_template", name="sale", template="passing")
    process.ok("delete_template", name="passing")
    return [point for point in points if point.startswith(("save.", "snapshot."))]
