"""Warm slots: made in the background, claimed by a creation, given up before all else."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.clock import now
from oduflow.domain.errors import Cancelled, QuotaReached, UpstreamFailed
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.storage import WHOLE_TEAM
from oduflow.kernel.locks import Held, LockKey
from oduflow.services import move_journal
from oduflow.services.environments.warm import claim, demand
from oduflow.services.environments.warm import keeper as warm_keeper
from oduflow.services.environments.warm.keeper import WarmKeeper
from oduflow.services.environments.warm.remove import give_up, in_use
from oduflow.services.storage.sizes import SizeMeter
from tests.support.memory.odoo import module
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE, RED
from tests.unit.services.environments.warm.conftest import PLENTY, WARM, idle, keep, slots


def test_an_environment_takes_a_slots_id_database_and_container(world, ready, sale):
    [slot] = slots(ready)
    container = world.engine.containers[f"memory-warm-{slot.id}"]
    ready.faults.calls.clear()

    made = ready.ok("create_environment", **sale)

    [row] = ready.deps.store.environments.list("1")
    assert (made.state, row.id, row.port) == ("running", slot.id, slot.port)
    assert world.engine.containers["memory-env-1.sale"] is container
    assert (container.status, container.spec.name) == ("running", "memory-env-1.sale")
    assert "cluster.clone_database" not in ready.faults.calls
    assert "sale" in world.postgres.databases[f"env_{slot.id}"].modules
    assert slots(ready) == ()
    keep(ready)
    assert [each.state for each in slots(ready)] == ["ready"]


def test_a_slot_is_shown_nowhere_but_in_the_quotas(ready):
    assert ready.ok("list_environments").environments == ()
    assert ready.ok("get_status").quotas["warm_slots"] == "1 of 1"
    assert ready.ok("get_status").quotas["environments"] == "0 of 20"
    assert ready.doctor().leftovers() == ()


def test_its_container_starts_again_without_waiting(world, ready, sale):
    ready.ok("create_environment", **sale)

    ready.ok("restart_environment", name="sale")
    ready.ok("rebuild_environment", name="sale")

    assert world.engine.containers["memory-env-1.sale"].spec.entrypoint == ("odoo",)


@pytest.mark.parametrize(
    ("files", "arguments"),
    [
        ({"requirements.txt": "lxml"}, {}),
        (module("web"), {}),
        ({}, {"extra_repos": ["web"]}),
    ],
)
def test_a_creation_that_a_slot_does_not_fit_makes_its_own_container(
    world, ready, files, arguments
):
    web = world.git.repository("web", {"19.0": module("web_grid")}, default="19.0")
    ready.ok("add_extra_repo", name="web", repo_url=web)
    url = world.git.repository("addons", {"main": module("sale") | files})

    ready.ok("create_environment", name="sale", repo_url=url, **arguments)

    assert world.engine.containers["memory-env-1.sale"].spec.entrypoint == ("odoo",)
    ready.ok("delete_environment", name="sale")
    for slot in slots(ready):
        assert give_up(ready.deps, slot)
    assert not [name for name in world.engine.containers if "warm" in name]


@pytest.mark.parametrize("why", ["memory", "template", "another repository", "not paused", "gone"])
def test_what_changed_since_a_slot_was_made_makes_a_cold_creation(world, ready, sale, why):
    [slot] = slots(ready)
    name = f"memory-warm-{slot.id}"
    if why == "memory":
        ready = Process(world, teams=f"{WARM}memory_mb = 1024\n")
    elif why == "template":
        ready.ok("create_template", name="base", replace=True, modules=["crm"])
    elif why == "another repository":
        sale = sale | {"repo_url": world.git.repository("other", {"main": module("sale")})}
    elif why == "not paused":
        world.engine.restart()
    else:
        ready.deps.engine.containers.remove(name)

    ready.ok("create_environment", **sale)

    [row] = ready.deps.store.environments.list("1")
    assert row.id != slot.id


def test_a_lookup_that_fails_makes_a_cold_creation(ready, sale, monkeypatch):
    [slot] = slots(ready)

    def broken(*_):
        raise UpstreamFailed("Docker does not answer.")

    monkeypatch.setattr(claim, "slot_plan", broken)

    ready.ok("create_environment", **sale)

    [row] = ready.deps.store.environments.list("1")
    assert row.id != slot.id
    assert [each.id for each in slots(ready)] == [slot.id]
    assert ready.deps.work.locks.is_free(LockKey.warm_slot("1", slot.id))


def test_a_demand_that_cannot_be_noted_fails_no_creation(warm, sale, monkeypatch):
    facts = type(warm.deps.store.facts)
    write = facts.set

    def full(self, key, value):
        if "demand" in key:
            raise QuotaReached("The disk is full.")
        write(self, key, value)

    monkeypatch.setattr(facts, "set", full)

    assert warm.ok("create_environment", **sale).state == "running"


def test_the_keeper_ends_where_no_team_has_or_may_have_a_slot(process):
    WarmKeeper(process.deps, lambda: PLENTY).run(threading.Event())

    assert slots(process) == ()


def test_a_slot_is_in_use_while_it_is_made_and_until_its_container_is_gone(ready):
    [slot] = slots(ready)
    assert in_use(ready.deps, slot)

    assert give_up(ready.deps, slot)

    assert not in_use(ready.deps, slot)
    with ready.deps.work.locks.acquire(LockKey.warm_slot("1", slot.id), "another"):
        assert in_use(ready.deps, slot)


def test_two_creations_share_no_slot(ready, sale):
    [slot] = slots(ready)
    held = ready.deps.work.locks.acquire(LockKey.warm_slot("1", slot.id), "another")

    ready.ok("create_environment", **sale)
    held.release()

    assert [each.id for each in slots(ready)] == [slot.id]


def test_a_slot_is_no_reason_for_a_refusal_at_the_limit_of_ports(world, process, sale):
    one = Process(world, teams=f'{WARM}[routing]\nport_range = "20000-20001"\n')
    one.ok("create_environment", **sale)
    keep(one)
    [slot] = slots(one)
    other = sale | {"repo_url": world.git.repository("other", {"main": module("sale")})}

    made = one.ok("create_environment", **other | {"name": "second"})

    assert slot.port == 20001
    assert made.url.endswith(":20001/")
    assert slots(one) == ()
    assert f"memory-warm-{slot.id}" not in world.engine.containers


def test_a_full_team_keeps_its_slot(world, ready, sale):
    full = Process(world, teams=f"{WARM}max_environments = 1\n")
    before = slots(full)
    url = world.git.repository("other", {"main": module("sale")})
    full.ok("create_environment", name="one", repo_url=url)

    assert full.refused("create_environment", **sale).kind == "quota"
    assert slots(full) == before


@pytest.mark.thorough
def test_a_creation_that_fails_or_is_killed_with_a_slot_leaves_nothing(world, ready, sale):
    points = ready.passed("create_environment", **sale)
    ready.ok("delete_environment", name="sale")
    for slot in slots(ready):
        give_up(ready.deps, slot)
    before = world.everything()
    left = {}
    assert "containers.rename" in points
    places = [point for point in points if point.startswith("create.")]
    for point in [*places, "containers.rename", "containers.unpause", "environments.claim"]:
        keep(ready)
        assert slots(ready), point
        ready.faults.fail(point)
        ready.refused("create_environment", **sale)
        for slot in slots(ready):
            give_up(ready.deps, slot)
        if world.everything() != before or ready.deps.store.environments.list("1"):
            left[point] = world.everything()
    for point in places:
        keep(ready)
        Process(world, teams=WARM).killed("create_environment", at=point, **sale)
        after = Process(world, teams=WARM)
        after.reconcile()
        for slot in slots(after):
            give_up(after.deps, slot)
        if world.everything() != before or after.deps.store.environments.list("1"):
            left[f"killed at {point}"] = world.everything()

    assert left == {}


@pytest.mark.thorough
def test_making_a_slot_that_fails_leaves_nothing(world, warm, sale):
    warm.ok("create_environment", **sale)
    before = world.everything()
    warm.faults.calls.clear()
    keep(warm)
    points = list(dict.fromkeys(warm.faults.calls))
    left = {}
    assert {"warm.imports.after", "containers.pause"} <= set(points)
    for point in [each for each in points if each.partition(".")[0] in {"warm", "containers"}]:
        for slot in slots(warm):
            assert give_up(warm.deps, slot)
        warm.faults.fail(point)
        with pytest.raises(UpstreamFailed):
            keep(warm)
        warm.faults.planned.clear()
        warm.reconcile(at_start=False)
        if world.everything() != before or slots(warm):
            left[point] = world.everything()

    assert left == {}


def test_a_kill_while_a_slot_is_made_or_removed_is_settled(world, warm, sale, monkeypatch):
    warm.ok("create_environment", **sale)
    before = world.everything()
    left = {}
    keep(warm)
    for part in ("container", "database", "folder"):
        [slot] = slots(warm)
        warm.faults.fail(f"warm_removal.{part}.after", KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            give_up(warm.deps, slot)
        warm.reconcile(at_start=False)
        if world.everything() != before or slots(warm):
            left[part] = world.everything()
        keep(warm)

    assert left == {}


def test_an_import_that_fails_is_not_tried_again_at_once(world, warm, sale):
    warm.ok("create_environment", **sale)
    world.odoo.launch_exit = 1
    keeper = WarmKeeper(warm.deps, lambda: PLENTY)

    with pytest.raises(UpstreamFailed, match="Odoo was not imported: ValueError: it broke"):
        keeper.look("1", idle)
    keeper.look("1", idle)

    assert slots(warm) == ()


def test_making_slots_counts_nothing_for_the_team(world, warm, sale):
    warm.ok("create_environment", **sale)
    limited = Process(world, teams=f"{WARM}disk_gb = 10\n")
    sizes = limited.deps.store.sizes
    sizes.replace("1", {WHOLE_TEAM: (1 << 30, 0)})

    for _ in range(2):
        limited.faults.fail("containers.pause")
        with pytest.raises(UpstreamFailed):
            keep(limited)
    keep(limited)

    assert len(slots(limited)) == 1
    assert sizes.of("1")[WHOLE_TEAM].own == 1 << 30


def test_no_slot_is_made_while_calls_work_or_memory_is_short(warm, sale):
    warm.ok("create_environment", **sale)

    keep(warm, stopped=lambda: True)
    keep(warm, memory=3 << 29)

    assert slots(warm) == ()


def test_no_slot_is_made_while_a_move_that_has_just_begun_goes_on(world, warm, sale, monkeypatch):
    warm.ok("create_environment", **sale)
    before = world.everything()
    moves: list[Held] = []

    def begins_meanwhile(*_, **_counted):
        if not moves:
            moves.append(warm.deps.work.locks.acquire(LockKey.storage("1"), "a move"))

    monkeypatch.setattr(warm_keeper, "require_room_for_clone", begins_meanwhile)
    monkeypatch.setattr(move_journal, "RESERVE_WAIT_SECONDS", 0.0)
    keeper = WarmKeeper(warm.deps, lambda: PLENTY)

    with pytest.raises(Cancelled):
        keeper.look("1", idle)

    assert world.everything() == before
    assert slots(warm) == ()
    moves[0].release()
    keeper.look("1", idle)
    assert [each.state for each in slots(warm)] == ["ready"]


def test_making_stops_when_a_call_begins(world, warm, sale):
    warm.ok("create_environment", **sale)
    before, answers = world.everything(), iter([False] * 4)

    with pytest.raises(Cancelled):
        keep(warm, stopped=lambda: next(answers, True))

    assert world.everything() == before
    assert slots(warm) == ()


@pytest.mark.parametrize("why", ["memory", "disk", "turned off", "old", "idle", "template"])
def test_slots_are_given_up(world, ready, why, monkeypatch):
    process = ready
    if why == "turned off":
        process = Process(world, teams=BLUE)
    elif why == "disk":
        process = Process(world, teams=f"{WARM}disk_gb = 1\n")
        process.deps.store.sizes.replace("1", {WHOLE_TEAM: (900 << 20, 0)})
    elif why == "old":
        monkeypatch.setattr(demand, "now", lambda: now() + timedelta(minutes=61))
    elif why == "idle":
        monkeypatch.setattr(demand, "now", lambda: now() + timedelta(minutes=6))
    elif why == "template":
        process.ok("delete_template", name="base")
        assert slots(process) == ()
    [*before] = slots(process)

    keep(process, memory=1 << 29 if why == "memory" else PLENTY)

    assert len(before) == (0 if why == "template" else 1)
    assert slots(process) == ()
    assert not [name for name in world.engine.containers if "warm" in name]
    assert {name for name in world.postgres.databases if name.startswith("env_")} == set()


def test_slots_of_a_stopped_postgresql_keep_no_memory_and_do_not_start_it(world, ready):
    world.engine.restart()

    keep(ready, memory=0)

    assert not [name for name in world.engine.containers if "warm" in name]
    assert world.engine.containers["memory-db-1"].status == "exited"
    assert len(slots(ready)) == 1


def test_a_restart_of_the_engine_removes_slots(world, ready, sale):
    ready.ok("create_environment", **sale | {"repo_url": sale["repo_url"]})
    keep(ready)
    world.engine.restart()

    Process(world, teams=WARM).reconcile()

    assert slots(ready) == ()


def test_a_warm_environment_is_adopted_when_the_store_is_lost(world, ready, sale):
    ready.ok("create_environment", **sale)
    [row] = ready.deps.store.environments.list("1")
    world.close()
    for file in world.data_dir.glob("oduflow.db*"):
        file.unlink()

    after = Process(world, teams=WARM)
    after.reconcile()

    [found] = after.deps.store.environments.list("1")
    labels = EnvironmentPlan.of(world.naming, row).labels
    assert labels(found) == labels(row)


def test_a_job_of_another_team_stops_no_making(world, warm, sale, monkeypatch):
    process = Process(world, teams=WARM + RED)
    process.ok("create_environment", **sale)
    jobs, told = process.deps.work.jobs.store, []
    of_other = SimpleNamespace(actor=Actor("2", ActorKind.CLI, "ada"))
    monkeypatch.setattr(type(jobs), "unfinished", lambda _jobs: (of_other,))
    keeper = WarmKeeper(process.deps, lambda: PLENTY)
    monkeypatch.setattr(
        WarmKeeper, "look", lambda _keeper, team, stopped: told.append((team, stopped()))
    )

    for team in ("1", "2"):
        keeper._look(team, threading.Event())

    assert told == [("1", False), ("2", True)]


def test_a_team_is_measured_again_when_a_slot_is_gone(ready):
    store = ready.deps.store
    made = (*store.templates.list("1"), *slots(ready))
    measured = {WHOLE_TEAM: 1 << 30} | {row.id: 0 for row in made}
    store.sizes.replace("1", {id_: (own, 0) for id_, own in measured.items()})
    meter = SizeMeter(ready.deps.naming, ready.deps.infrastructure, store)
    assert not meter.due("1")

    assert give_up(ready.deps, *slots(ready))

    assert meter.due("1")
