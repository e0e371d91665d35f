from contextlib import suppress

import pytest

from oduflow.bootstrap.recoverables import recoverables
from oduflow.domain.comparison.records import ChangeKind
from oduflow.domain.errors import Failure, Invalid, Kind
from oduflow.kernel.locks import LockKey
from oduflow.services.recoverable import find_leftovers
from tests.support.memory.postgres import Database
from tests.support.memory.process import Process

POINTS = [
    f"diff.{step}.{when}" for step in ("role", "copy", "right") for when in ("before", "after")
]


def test_what_the_environment_has_and_its_template_has_not_is_shown(world, process, full):
    process.ok("create_environment", **full)
    before = world.everything()

    shown = process.ok("diff_environment", name="sale")

    [modules] = shown.sections
    assert (shown.before, shown.after) == ("template base", "sale")
    assert [(each.change, each.name) for each in modules.changes] == [(ChangeKind.ADDED, "sale")]
    assert world.everything() == before
    assert world.postgres.readers == {}


def test_an_environment_is_compared_with_the_version_of_its_template_that_it_came_from(
    process, full
):
    process.ok("create_environment", **full)
    process.ok("create_template", name="base", modules=["crm"], replace=True)

    shown = process.ok("diff_environment", name="sale")

    assert shown.before == "template base.v1"
    assert names(shown) == [(ChangeKind.ADDED, "sale")]


def test_a_snapshot_is_compared_with_now_and_with_another_one(world, process, full):
    process.ok("create_environment", **full)
    [row] = process.deps.store.environments.list("1")
    process.ok("create_snapshot", name="sale", snapshot="one")
    world.postgres.install(f"env_{row.id}", ["crm"])
    process.ok("create_snapshot", name="sale", snapshot="two")
    world.postgres.install(f"env_{row.id}", ["stock"])
    before = world.everything()

    since = process.ok("diff_environment", name="sale", before="one")
    between = process.ok("diff_environment", name="sale", before="one", after="two")
    back = process.ok("diff_environment", name="sale", before="two", after="one")

    assert names(since) == [(ChangeKind.ADDED, "crm"), (ChangeKind.ADDED, "stock")]
    assert (between.before, between.after) == ("snapshot one", "snapshot two")
    assert names(between) == [(ChangeKind.ADDED, "crm")]
    assert names(back) == [(ChangeKind.REMOVED, "crm")]
    assert "database.secret" not in since.left_out
    assert world.everything() == before
    error = process.refused("diff_environment", name="sale", before="three")
    assert error.kind is Kind.NOT_FOUND


def names(shown):
    return [(each.change, each.name) for section in shown.sections for each in section.changes]


def test_a_section_alone_is_compared(process, full):
    process.ok("create_environment", **full)

    assert process.ok("diff_environment", name="sale", section="views").sections == ()


def test_a_section_whose_records_are_about_no_model_is_refused_with_one(process, full):
    process.ok("create_environment", **full)

    with pytest.raises(Invalid, match="about no model"):
        process.call("diff_environment", name="sale", section="modules", model="res.partner")


def test_a_comparison_whose_step_or_call_fails_leaves_nothing(world, process, full):
    process.ok("create_environment", **full)
    before = world.everything()
    points = process.passed("diff_environment", name="sale")
    assert {*POINTS, "tenant.reading", "cluster.let_read"} <= set(points)
    left = {}
    for point in points:
        process.faults.fail(point)
        with suppress(Failure):  # one that is refused is no job
            process.call("diff_environment", name="sale")
        process.faults.planned.clear()
        process.reconcile(at_start=False)
        if world.everything() != before:
            left[point] = world.everything()

    assert left == {}


def test_the_copy_of_a_killed_comparison_is_dropped_at_the_next_start(world, process, full):
    process.ok("create_environment", **full)
    process.ok("create_snapshot", name="sale", snapshot="one")
    before = world.everything()
    left = {}
    for point in POINTS:
        Process(world).killed("diff_environment", at=point, name="sale", before="one")
        Process(world).reconcile()
        if world.everything() != before:
            left[point] = world.everything()

    assert left == {}


def test_a_copy_is_dropped_when_no_process_reads_it_and_is_no_leftover(world, process, full):
    process.ok("create_environment", **full)
    [row] = process.deps.store.environments.list("1")
    name = f"env_{row.id}_before"
    world.postgres.databases[name] = Database(name, f"tpl_{row.template_id}")
    world.postgres.roles[name] = None
    key = LockKey.reading_copy("1", row.id)

    with process.deps.work.locks.acquire(key, "diff_environment"):
        process.reconcile(at_start=False)
        assert name in world.postgres.databases
        found = [each.name for each in find_leftovers(recoverables(process.deps))]
        assert name not in found
    process.reconcile(at_start=False)

    assert name not in {*world.postgres.databases, *world.postgres.roles}
