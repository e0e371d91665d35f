import threading
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial

import pytest

from oduflow.domain.container import ContainerSpec
from oduflow.domain.errors import Kind, UpstreamFailed
from oduflow.kernel.locks import Held, LockKey
from oduflow.services.recoverable import Recoverable, TeamWork, Unsettled
from oduflow.services.server import reconcile
from tests.support.memory.engine import KILLED, Run
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE, RED

CONTAINER = "memory-env-1.sale"


def test_a_look_at_a_settled_world_changes_nothing(world, running):
    before, rows = world.everything(), running.deps.store.environments.all()
    containers = dict(world.engine.containers)

    for at_start in (True, False):
        running.reconcile(at_start=at_start)

    assert world.everything() == before
    assert running.deps.store.environments.all() == rows
    assert world.engine.containers == containers


def test_what_ran_before_the_engine_restarted_runs_again(world, running):
    world.engine.restart()
    after = Process(world)

    after.reconcile(at_start=True)

    assert state(after) == "running"
    assert world.engine.containers[CONTAINER].status == "running"
    assert world.engine.containers[world.naming.database("1")].status == "running"


def test_what_was_stopped_before_the_engine_restarted_stays_stopped(world, running):
    running.ok("stop_environment", name="sale")
    world.engine.restart()

    Process(world).reconcile(at_start=True)

    assert world.engine.containers[CONTAINER].status == "exited"


def test_a_container_that_was_stopped_outside_the_product_is_stopped(world, running):
    world.engine.containers[CONTAINER].end(0)

    running.reconcile(at_start=False)

    assert state(running) == "stopped"
    assert running.ok("start_environment", name="sale").state == "running"


def test_an_odoo_that_ended_is_failed_with_its_exit_code(world, running):
    world.engine.containers[CONTAINER].end(KILLED)

    running.reconcile(at_start=False)

    [row] = running.deps.store.environments.list("1")
    assert (row.state, row.error.message) == ("failed", "Odoo ended with exit code 137.")


def test_a_container_that_was_removed_outside_the_product_is_lost(world, running):
    del world.engine.containers[CONTAINER]

    running.reconcile(at_start=True)

    assert state(running) == "lost"
    assert running.ok("rebuild_environment", name="sale").state == "running"


def test_an_odoo_that_does_not_come_back_is_failed_and_holds_up_no_other(world, running, sale):
    running.ok("create_environment", **{**sale, "name": "other", "modules": []})
    world.engine.restart()
    boot = world.engine.program
    world.engine.program = lambda spec: Run((), 1) if spec.hostname == "sale" else boot(spec)
    after = Process(world)

    after.reconcile(at_start=True)

    states = {row.name: row.state for row in after.deps.store.environments.list("1")}
    assert states == {"other": "running", "sale": "failed"}


def test_a_restart_that_was_killed_is_brought_back(world, running):
    running.deps.store.environments.update(row(running).id, step="serving", job="gone")
    world.engine.containers[CONTAINER].end(0)

    Process(world).reconcile(at_start=False)

    assert (state(running), row(running).step) == ("running", "")


def test_a_start_whose_container_is_gone_is_lost(world, running):
    running.deps.store.environments.update(row(running).id, step="serving", job="gone")
    del world.engine.containers[CONTAINER]

    running.reconcile(at_start=False)

    assert (state(running), row(running).step) == ("lost", "")


def test_what_a_living_process_works_on_is_left_alone(world, running):
    del world.engine.containers[CONTAINER]
    held = running.deps.work.locks.acquire(LockKey.environment("1", "sale"), "another process")

    Process(world).reconcile(at_start=True)
    assert state(running) == "running"

    held.release()
    Process(world).reconcile(at_start=True)
    assert state(running) == "lost"


@pytest.mark.parametrize("failure", [UpstreamFailed("The engine is busy."), RuntimeError("a bug")])
def test_a_row_that_cannot_be_settled_holds_up_no_other(world, running, sale, failure):
    running.ok("create_environment", **{**sale, "name": "other"})
    for name in ("sale", "other"):
        del world.engine.containers[f"memory-env-1.{name}"]
    running.faults.fail("environments.update", failure)

    running.reconcile(at_start=False)

    states = sorted(row.state for row in running.deps.store.environments.list("1"))
    assert states == ["lost", "running"]
    running.reconcile(at_start=False)
    assert {row.state for row in running.deps.store.environments.list("1")} == {"lost"}


def test_a_team_that_was_taken_out_of_the_configuration_is_parked_with_its_data(world, running):
    before = world.everything()
    after = Process(world, teams=RED)

    after.reconcile(at_start=True)

    assert state(after) == "stopped"
    assert world.engine.containers[CONTAINER].status == "exited"
    assert world.everything() == before
    again = Process(world, teams=BLUE + RED)
    again.reconcile(at_start=True)
    assert again.ok("start_environment", name="sale").state == "running"


def test_a_throw_away_container_that_inspected_an_image_is_removed(world, running):
    labels = world.naming.labels("inspect", process="999999999")
    spec = ContainerSpec("memory-inspect-1", "odoo:19.0", labels, entrypoint=("/nonexistent",))
    running.deps.engine.containers.create(spec)

    running.reconcile(at_start=False)

    assert "memory-inspect-1" not in world.engine.containers


def test_no_engine_leaves_every_row_as_it_is(world, running):
    rows = running.deps.store.environments.all()
    running.faults.fail("containers.list", UpstreamFailed("The engine does not answer."))

    with pytest.raises(UpstreamFailed):
        running.reconcile(at_start=True)

    assert running.deps.store.environments.all() == rows


def test_a_job_of_a_dead_process_is_interrupted(world, process, sale):
    process.killed("create_environment", at="create.modules.before", **sale)
    after = Process(world)
    after.reconcile()

    [job, *_] = after.deps.work.jobs.store.list("1", active=False, limit=9)

    assert job.result is not None
    assert (job.status, job.result["error"]["kind"]) == ("interrupted", Kind.CANCELLED)


def state(process):
    return row(process).state


def row(process):
    [found] = process.deps.store.environments.list("1")
    return found


@pytest.fixture
def running(process, sale):
    process.ok("create_environment", **sale)
    return process


def test_a_row_that_hangs_delays_neither_another_team_nor_for_long_its_own(process, monkeypatch):
    monkeypatch.setattr(reconcile, "ROW_SECONDS", 0.2)
    monkeypatch.setattr(reconcile, "ROUND_SECONDS", 2.0)
    hangs = threading.Event()
    settled: list[str] = []

    def hang(_held: Held) -> bool:
        hangs.wait(10)
        return False

    class HangingNoun(Recoverable):
        def unsettled(self, *, revive: AbstractSet[str]) -> Iterator[Unsettled]:
            for team, name in (("1", "hangs"), ("1", "next"), ("2", "other")):

                def settle(_held: Held, name: str = name) -> bool:
                    settled.append(name)
                    return False

                yield Unsettled(
                    LockKey.environment(team, name), hang if name == "hangs" else settle
                )

    deps = process.deps
    one = reconcile.Reconciler(
        (HangingNoun(),), deps.work, deps.store.audit, deps.engine.containers, deps.naming
    )
    try:
        one.reconcile(revive=frozenset())
        one.reconcile(revive=frozenset())  # the row that hangs is left to its thread

        assert sorted(settled) == ["next", "next", "other", "other"]
        assert not deps.work.locks.is_free(LockKey.environment("1", "hangs"))
    finally:
        hangs.set()


def test_a_team_whose_postgresql_hangs_is_asked_beside_the_others_and_once(process, monkeypatch):
    monkeypatch.setattr(reconcile, "ROUND_SECONDS", 1.0)
    answers = threading.Event()
    asked: list[str] = []
    settled: list[str] = []

    def settle(team: str, _held: Held) -> bool:
        settled.append(team)
        return False

    def ask(team: str) -> Iterator[Unsettled]:
        asked.append(team)
        if team == "hangs":
            answers.wait(10)
        if team == "defect":
            raise RuntimeError("a bug")
        yield Unsettled(LockKey.environment(team, "found"), partial(settle, team))

    class AskedNoun(Recoverable):
        def team_work(self) -> Iterator[TeamWork]:
            for team in ("hangs", "broken", "defect", "other"):
                yield TeamWork(team, partial(ask, team))

    deps = process.deps
    one = reconcile.Reconciler(
        (AskedNoun(),), deps.work, deps.store.audit, deps.engine.containers, deps.naming
    )
    try:
        for _ in range(2):
            one.reconcile(revive=frozenset(), broken=frozenset({"broken"}))

        assert sorted(asked) == ["defect", "defect", "hangs", "other", "other"]
        assert settled == ["other", "other"]
    finally:
        answers.set()


def test_no_noun_asks_a_team_s_postgresql_where_all_teams_wait(world, running):
    server = running.deps.infrastructure.databases.servers["1"]
    asked: list[str] = []

    class WatchedCluster:
        def __getattr__(self, name: str) -> object:
            asked.append(threading.current_thread().name)
            return getattr(server.cluster, name)

    running.deps.infrastructure.databases.servers = {
        **running.deps.infrastructure.databases.servers,
        "1": replace(server, cluster=WatchedCluster()),
    }
    running.reconcile()

    assert asked
    assert threading.main_thread().name not in asked
