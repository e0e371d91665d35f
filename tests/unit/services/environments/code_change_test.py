import re
import time

import pytest

from oduflow.domain.errors import Kind
from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.environments.states import MORE_STATES, MOST_STATES
from tests.support.code_changes import (
    BODY_CHANGED,
    CODE,
    CONTAINER,
    FIELD_ADDED,
    MANIFEST,
    VIEW,
    VIEW_CHANGED,
    WITH_FRESH,
    WITHOUT_SALE,
    files,
    make,
    modules,
    push,
    row,
    write,
)
from tests.support.memory.odoo import Changing, module


def test_a_commit_that_changes_nothing_for_odoo_leaves_it_alone(world, running):
    container = world.engine.containers[CONTAINER]
    logged = len(container.log)
    commit = push(world, {"README.md": "x"})

    envelope = running.call("pull_and_apply", name="sale")

    told = envelope.data
    assert (told.commit, told.actions, [each.need for each in told.files]) == (
        commit,
        (),
        ["nothing"],
    )
    assert envelope.snapshot is None
    assert (row(running).commit, row(running).step, row(running).applying) == (commit, "", None)
    assert [each.operation for each in envelope.next] == ["pull_and_apply"]
    assert envelope.next[0].arguments["ref"] == told.old_commit
    assert (len(container.log), world.odoo.changes) == (logged, [])


@pytest.mark.parametrize(
    ("changes", "asked", "actions"),
    [
        (
            VIEW_CHANGED,
            ("apply", ()),
            ("loaded views.xml of sale in place", "reloaded its caches"),
        ),
        (BODY_CHANGED, ("apply", ()), ("started Odoo again",)),
        (FIELD_ADDED, ("apply", ("sale",)), ("upgraded sale", "started Odoo again")),
        (WITH_FRESH, ("apply", ("fresh",)), ("installed fresh", "started Odoo again")),
        (
            {**FIELD_ADDED, **WITH_FRESH, **VIEW_CHANGED},
            ("apply", ("sale", "fresh")),
            ("upgraded sale", "installed fresh", "started Odoo again"),
        ),
    ],
)
def test_the_least_that_is_right_is_done(world, running, changes, asked, actions):
    commit = push(world, changes)

    told = running.ok("pull_and_apply", name="sale")

    assert told.actions == actions
    assert world.odoo.changes == [asked]
    assert (row(running).commit, row(running).state) == (commit, "running")
    again = running.ok("pull_and_apply", name="sale")
    assert (again.files, again.actions) == ((), ())


def test_a_failure_leaves_files_and_odoo_as_they_were(world, running):
    world.odoo.broken.add("sale")
    world.odoo.changing = Changing(wrote=False)
    container = world.engine.containers[CONTAINER]
    started, logged, before = container.started_at, len(container.log), row(running)
    push(world, FIELD_ADDED)

    error = running.refused("pull_and_apply", name="sale")

    assert error.message == (
        "The changes were not applied: sale/views.xml:7: ParseError: Field “x” does not exist."
    )
    assert error.hint == f"sale is back at {before.commit[:12]}; its Odoo was not touched."
    assert row(running) == before
    assert files(running)["sale/sale.py"] == CODE.format(1)
    assert (container.started_at, len(container.log)) == (started, logged)


def test_a_failure_that_wrote_data_rolls_back_to_the_snapshot(world, running):
    world.odoo.broken.add("sale")
    world.odoo.changing = Changing(leaves={"other": "to upgrade"})
    before, states = row(running), modules(world, running)
    push(world, FIELD_ADDED)

    error = running.refused("pull_and_apply", name="sale")

    kept, taken = running.ok("list_snapshots", name="sale").snapshots
    assert (kept.reason, taken.reason) == ("rollback_environment", "pull_and_apply")
    assert error.hint == (
        f"sale is back at {before.commit[:12]}, with its data of before. What the change and its "
        f"users wrote is in {kept.name}."
    )
    assert {"name": "sale", "snapshot": kept.name} in [each.arguments for each in error.next]
    assert (row(running), modules(world, running)) == (before, states)
    running.ok("rollback_environment", name="sale", snapshot=kept.name)
    assert modules(world, running)["other"] == "to upgrade", "what was written is not lost"


def test_a_second_try_that_wrote_nothing_takes_back_what_the_first_one_wrote(world, running):
    database = EnvironmentPlan.of(running.deps.naming, row(running)).database
    world.postgres.change(database, modules={**modules(world, running), "other": "installed"})
    world.odoo.broken.add("other")
    world.odoo.changing = Changing(
        missing_columns={"other.b": ("other",)}, missing_once=True, wrote=False
    )
    before = row(running)
    push(world, FIELD_ADDED)

    error = running.refused("pull_and_apply", name="sale")

    assert world.odoo.changes == [("apply", ("sale",)), ("apply", ("other", "sale"))]
    assert f"sale is back at {before.commit[:12]}, with its data of before." in error.hint
    assert row(running) == before


def test_views_that_only_pass_together_are_upgraded_instead(world, running):
    world.odoo.broken_once.add("sale")
    world.odoo.changing = Changing(stage="reload", wrote=False)
    push(world, VIEW_CHANGED)

    told = running.ok("pull_and_apply", name="sale")

    assert world.odoo.changes == [("apply", ()), ("apply", ("sale",))]
    assert told.actions == ("upgraded sale", "started Odoo again")


def test_code_that_lacks_columns_is_upgraded_after_a_snapshot_of_the_files_of_before(
    world, running
):
    world.odoo.changing = Changing(missing_columns={"sale.b": ("sale",)}, missing_once=True)
    before = row(running).commit
    push(world, BODY_CHANGED)

    envelope = running.call("pull_and_apply", name="sale")

    assert world.odoo.changes == [("apply", ()), ("apply", ("sale",))]
    assert envelope.snapshot
    running.ok("rollback_environment", name="sale", snapshot=envelope.snapshot)
    assert (row(running).commit, files(running)["sale/sale.py"]) == (before, CODE.format(1))


def test_a_failure_is_kept_on_request(world, running):
    world.odoo.broken.add("sale")
    commit = push(world, FIELD_ADDED)
    logged = len(world.engine.containers[CONTAINER].log)

    error = running.refused("pull_and_apply", name="sale", on_failure="keep")

    assert row(running).commit == commit
    assert {each.operation for each in error.next} >= {"apply_changes", "rollback_environment"}
    assert len(world.engine.containers[CONTAINER].log) == logged
    world.odoo.broken.clear()
    told = running.ok("apply_changes", name="sale")
    assert told.actions == ("upgraded sale", "started Odoo again"), "it was not applied yet"


def test_edits_are_applied_once_and_again_when_they_change(world, running):
    write(running, "sale/views.xml", VIEW.format(3))

    first = running.ok("apply_changes", name="sale")
    second = running.ok("apply_changes", name="sale")
    write(running, "sale/views.xml", VIEW.format(4))
    third = running.ok("apply_changes", name="sale")

    assert (
        first.actions
        == third.actions
        == (
            "loaded views.xml of sale in place",
            "reloaded its caches",
        )
    )
    assert (second.actions, second.files, second.edits) == ((), (), 1)


def test_edits_that_were_upgraded_and_discarded_are_loaded_once_more(world, running):
    write(running, "sale/views.xml", VIEW.format(3))
    running.ok("upgrade_modules", name="sale", modules=["sale"])
    running.ok("discard_edits", name="sale")
    world.odoo.changes.clear()

    told = running.ok("apply_changes", name="sale")

    assert [(each.path, each.need) for each in told.files] == [("sale/views.xml", "reload")]
    assert world.odoo.changes == [("apply", ())]


def test_only_the_first_state_and_the_newest_few_are_kept_of_those_that_modules_loaded(
    world, running
):
    running.ok("apply_changes", name="sale")
    first = row(running).applied[0]
    for number in range(MOST_STATES + 3):
        write(running, "sale/views.xml", VIEW.format(number + 10))
        running.ok("upgrade_modules", name="sale", modules=["sale"])

    kept = row(running).applied
    assert (len(kept), kept[0], kept[1]) == (MOST_STATES, first, MORE_STATES)
    assert "upgraded sale" in running.ok("apply_changes", name="sale").actions
    assert len(row(running).applied) == 1


def test_a_record_that_a_csv_file_sets_too_is_upgraded(world, running):
    manifest = MANIFEST.replace('["views.xml"]', '["views.xml", "ir.ui.view.csv"]')
    also = {"sale/ir.ui.view.csv": "id,name\nform,x\n", "sale/__manifest__.py": manifest}
    push(world, also)
    running.ok("pull_and_apply", name="sale")
    push(world, {**also, **VIEW_CHANGED})

    told = running.ok("pull_and_apply", name="sale")

    assert told.actions == ("upgraded sale", "started Odoo again")


def test_code_that_was_served_as_an_edit_and_discarded_is_imported_anew(world, running):
    time.sleep(0.05)
    write(running, "sale/sale.py", CODE.format(3))
    running.ok("restart_environment", name="sale")
    time.sleep(0.05)
    running.ok("discard_edits", name="sale")

    told = running.ok("apply_changes", name="sale")

    assert [(each.path, each.need) for each in told.files] == [("", "restart")]
    assert told.actions == ("started Odoo again",)


def test_pushed_edits_are_applied_though_the_commit_has_them(world, running):
    write(running, "sale/views.xml", VIEW.format(3))
    running.ok("commit_and_push", name="sale", message="x")

    told = running.ok("apply_changes", name="sale")

    assert (told.edits, [each.path for each in told.files]) == (0, ["sale/views.xml"])


def test_edits_stay_and_are_applied_together_with_a_commit(world, running):
    write(running, "sale/views.xml", VIEW.format(3))
    push(world, BODY_CHANGED)

    told = running.ok("pull_and_apply", name="sale")

    assert {each.path for each in told.files} == {"sale/views.xml", "sale/sale.py"}
    assert (told.edits, files(running)["sale/views.xml"]) == (1, VIEW.format(3))


def test_edits_in_conflict_change_nothing(world, running):
    write(running, "sale/views.xml", VIEW.format(3))
    push(world, VIEW_CHANGED)
    before = row(running)

    error = running.refused("pull_and_apply", name="sale")

    assert (error.kind, row(running)) == (Kind.CONFLICT, before)
    assert files(running)["sale/views.xml"] == VIEW.format(3)


def test_a_pull_without_new_commits_applies_edits_that_are_not_applied(world, running):
    write(running, "sale/views.xml", VIEW.format(3))

    told = running.ok("pull_and_apply", name="sale")

    assert (told.edits, [each.path for each in told.files]) == (1, ["sale/views.xml"])
    assert world.odoo.changes == [("apply", ())]


def test_a_pull_after_a_failure_that_was_kept_does_again_what_failed(world, running):
    world.odoo.broken.add("sale")
    commit = push(world, FIELD_ADDED)
    running.refused("pull_and_apply", name="sale", on_failure="keep")

    error = running.refused("pull_and_apply", name="sale", on_failure="keep")

    assert error.message.startswith("The changes were not applied: ")
    world.odoo.broken.clear()
    told = running.ok("pull_and_apply", name="sale")
    assert (told.commit, told.actions) == (commit, ("upgraded sale", "started Odoo again"))


def test_modules_that_are_gone_are_uninstalled_only_if_it_is_asked_for(world, running):
    before = row(running)
    push(world, WITHOUT_SALE)

    error = running.refused("pull_and_apply", name="sale")

    assert "sale is gone from the repository, and installed in sale." in error.message
    assert error.next[0].arguments == {"name": "sale", "uninstall_removed": True}
    assert (row(running), world.odoo.changes) == (before, [])
    told = running.ok("pull_and_apply", name="sale", uninstall_removed=True)
    assert world.odoo.changes == [("uninstall", ("sale",)), ("apply", ())], "both are proven"
    assert told.actions == ("uninstalled sale", "started Odoo again")
    assert row(running).modules == ()
    assert "sale/sale.py" not in files(running)


def test_modules_that_are_gone_are_uninstalled_with_the_newest_code_that_was_loaded(world, running):
    write(running, "late/__manifest__.py", '{"name": "Late"}')
    write(running, "late/__init__.py", "first")
    running.ok("install_modules", name="sale", modules=["late"])
    write(running, "late/__init__.py", "with a hook")
    running.ok("upgrade_modules", name="sale", modules=["late"])
    running.ok("discard_edits", name="sale")
    seen = list[str | None]()
    running.faults.meanwhile["code_change.uninstall.after"] = lambda: seen.append(
        files(running).get("late/__init__.py")
    )

    told = running.ok("apply_changes", name="sale", uninstall_removed=True)

    assert told.actions == ("uninstalled late", "started Odoo again")
    assert (seen, "late/__init__.py" in files(running)) == (["with a hook"], False)


def test_modules_that_others_need_stay_until_those_are_named(world, running):
    database = EnvironmentPlan.of(running.deps.naming, row(running)).database
    states = {**modules(world, running), "child": "installed"}
    world.postgres.change(database, modules=states, depends={"child": ("sale",)})
    push(world, WITHOUT_SALE)

    error = running.refused("pull_and_apply", name="sale", uninstall_removed=True)

    assert error.message.startswith("child needs sale, which is gone from the repository.")
    assert error.next[0].arguments["modules"] == ["sale", "child"]


def test_new_modules_that_cannot_be_installed_are_left_out_with_a_warning(world, running):
    push(
        world,
        WITH_FRESH
        | module("lost", "wrong")
        | {"lost/__manifest__.py": '{"depends": ["nowhere"]}', "wrong/__manifest__.py": "{,"},
    )

    envelope = running.call("pull_and_apply", name="sale")

    assert envelope.data.actions[0] == "installed fresh"
    assert [text.partition(":")[0] for text in envelope.warnings] == [
        "The new module lost was not installed",
        "The new module wrong was not installed",
    ]
    assert "wrong/__manifest__.py: It is not Python at line 1" in envelope.warnings[1]


def test_a_manifest_that_is_none_is_told_with_its_line(world, running):
    push(world, {"sale/__manifest__.py": "{\n'name': ,}"})

    error = running.refused("pull_and_apply", name="sale")

    assert re.match(
        r"The changes were not applied: sale/__manifest__.py: It is not Python at line 2",
        error.message,
    )
    assert world.odoo.changes == []


def test_requirements_are_installed_and_the_container_is_replaced(world, running):
    container = world.engine.containers[CONTAINER].id
    push(world, {"requirements.txt": "humanize==4.9.0"})

    told = running.ok("pull_and_apply", name="sale")

    assert told.actions == ("replaced the container",)
    assert world.odoo.pip_runs == ["humanize==4.9.0"]
    assert row(running).python_deps
    assert world.engine.containers[CONTAINER].id != container


def test_the_container_is_replaced_for_requirements_of_a_failure_that_was_kept(world, running):
    world.odoo.broken.add("sale")
    container = world.engine.containers[CONTAINER].id
    push(world, {**FIELD_ADDED, "requirements.txt": "humanize==4.9.0"})
    running.refused("pull_and_apply", name="sale", on_failure="keep")
    assert world.engine.containers[CONTAINER].id == container
    world.odoo.broken.clear()

    told = running.ok("apply_changes", name="sale")

    assert told.actions == ("upgraded sale", "replaced the container")
    made = running.deps.naming.own_labels(world.engine.containers[CONTAINER].spec.labels)
    assert made["python_deps"] == row(running).python_deps != ""
    assert running.ok("apply_changes", name="sale").actions == ()


def test_requirements_in_an_included_file_of_any_name_are_installed(world, running):
    before = {"requirements.txt": "-r deps/prod.txt", "deps/prod.txt": "humanize"}
    push(world, before)
    running.ok("pull_and_apply", name="sale")
    key = row(running).python_deps
    push(world, {**before, "deps/prod.txt": "arrow"})

    told = running.ok("pull_and_apply", name="sale")

    assert "replaced the container" in told.actions
    assert row(running).python_deps not in {"", key}


def test_requirements_that_cannot_be_installed_change_nothing(world, running):
    world.odoo.pip_exit = 1
    before, container = row(running), world.engine.containers[CONTAINER].id
    push(world, {"requirements.txt": "humanize==4.9.0"})

    running.refused("pull_and_apply", name="sale")

    assert (row(running), world.engine.containers[CONTAINER].id) == (before, container)


def test_a_new_folder_of_modules_comes_onto_the_addons_path(world, running):
    push(world, {f"more/{path}": text for path, text in WITH_FRESH.items()})

    told = running.ok("pull_and_apply", name="sale")

    assert told.actions == ("installed fresh", "replaced the container")
    assert any(folder.endswith("/more") for folder in row(running).addons)


def test_another_branch_is_followed_from_then_on(world, running):
    push(world, VIEW_CHANGED, branch="feature")

    running.ok("switch_branch", name="sale", branch="feature")

    assert (row(running).branch, row(running).requested_branch) == ("feature", "feature")
    newest = push(world, BODY_CHANGED, branch="feature")
    assert running.ok("pull_and_apply", name="sale").commit == newest
    back = running.call("switch_branch", name="sale", branch="main")
    assert (row(running).branch, back.status) == ("main", "ok")


def test_a_stopped_environment_is_changed_and_stays_stopped(world, running):
    running.ok("stop_environment", name="sale")
    push(world, FIELD_ADDED)

    told = running.ok("pull_and_apply", name="sale")

    assert (told.state, told.actions) == ("stopped", ("upgraded sale",))
    assert world.engine.containers[CONTAINER].status == "exited"


def test_an_environment_that_failed_is_started_with_the_correction(world, running):
    world.odoo.boot_exit = 1
    running.refused("restart_environment", name="sale")
    world.odoo.boot_exit = None
    push(world, BODY_CHANGED)

    told = running.ok("pull_and_apply", name="sale")

    assert (told.state, told.actions) == ("running", ("started Odoo",))


def test_code_that_the_serving_odoo_does_not_serve_with_is_taken_back(world, running):
    before = row(running)
    push(world, BODY_CHANGED)
    checkout = EnvironmentPlan.of(running.deps.naming, before).checkout
    world.odoo.breaking = checkout / "sale/sale.py", "return 2"

    error = running.refused("pull_and_apply", name="sale")

    assert "Odoo does not serve with it" in error.hint
    assert (row(running).commit, row(running).applying) == (before.commit, None)
    assert files(running)["sale/sale.py"] == CODE.format(1)


def test_odoo_that_keeps_records_is_told(world, running):
    world.odoo.changing = Changing(kept=("sale.form",))
    push(world, VIEW_CHANGED)

    envelope = running.call("pull_and_apply", name="sale")

    assert envelope.warnings == (
        "sale.form: noupdate in the database, so Odoo kept it as it was there.",
    )


@pytest.fixture
def running(world, process):
    return make(world, process)
