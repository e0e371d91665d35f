"""Which warm slots are given up before something is refused for room."""

import errno
import os
import shutil
import time
from types import SimpleNamespace

import pytest

from oduflow.domain.errors import NoRoom, QuotaReached
from oduflow.domain.storage import WHOLE_TEAM
from oduflow.files.private import make_folder
from oduflow.kernel.locks import LockKey
from oduflow.services import team_disk
from oduflow.services.environments.warm import pressure
from oduflow.services.environments.warm.keeper import WarmKeeper
from oduflow.services.environments.warm.pressure import WAIT_SECONDS
from oduflow.services.environments.warm.remove import give_up, slot_plan
from oduflow.services.room import CLONE_BYTES, relieved
from oduflow.services.storage.sizes import SizeMeter
from tests.support.memory.odoo import module
from tests.support.memory.process import Process
from tests.support.memory.world import RED
from tests.unit.services.environments.warm.conftest import PLENTY, WARM, idle, keep, slots


def test_room_is_made_of_slots_before_a_creation_is_refused(ready, sale, world, monkeypatch):
    other = sale | {"repo_url": world.git.repository("other", {"main": module("sale")})}
    room_for_one_clone_less_with_each_slot(ready, monkeypatch)

    ready.ok("create_environment", **other)

    assert slots(ready) == ()


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("create_snapshot", {}),
        ("rollback_environment", {"snapshot": "clean"}),
        ("copy_environment", {"new_name": "other"}),
        ("diff_environment", {}),
        ("save_as_template", {"template": "mine"}),
        ("rebuild_environment", {}),
        ("execute_sql", {"sql": "DELETE FROM res_partner"}),
    ],
)
def test_each_operation_gives_up_a_slot_before_it_is_refused_or_an_undo_is_removed(
    served, monkeypatch, operation, more
):
    before = automatic_snapshots(served)
    room_for_one_clone_less_with_each_slot(served, monkeypatch)

    served.call(operation, **{"name": "first"} | more)

    assert slots(served) == ()
    assert before <= automatic_snapshots(served)


def test_a_full_number_of_snapshots_costs_no_slot(served, world):
    limited = Process(world, teams=f"{WARM}max_snapshots = 1\n")

    refused = limited.refused("create_snapshot", name="first")

    assert refused.kind == "quota"
    assert len(slots(limited)) == 1


@pytest.mark.parametrize(
    ("size", "left"), [(0, ["1", "2"]), (8 << 20, ["1", "2"]), (64 << 20, ["2"])]
)
def test_a_team_at_its_own_limit_gives_up_its_own_slots_if_their_measured_sizes_are_enough(
    world, ready, sale, size, left
):
    teams = f"{WARM}disk_gb = 1\n{RED}warm_slots = 1\n"
    process = Process(world, teams=teams)
    process.call("create_template", team="2", name="base")
    process.call("create_environment", team="2", **sale)
    WarmKeeper(process.deps, lambda: PLENTY).look("2", idle)
    [slot] = slots(process)
    full = {WHOLE_TEAM: ((1 << 30) - (8 << 20), 0)}
    process.deps.store.sizes.replace("1", full | ({slot.id: (size, 0)} if size else {}))

    made = process.call("create_environment", **sale | {"branch": "main", "modules": ["sale"]})

    assert (made.error is None) == (left == ["2"])
    assert sorted(slot.team for slot in process.deps.store.warm_slots.all()) == left


def test_a_team_at_the_limit_of_its_own_disk_gives_up_slots_that_were_not_measured(
    ready, sale, monkeypatch
):
    """What a removal frees there is free at once, without a measurement."""
    make_folder(ready.deps.infrastructure.pools.of("1").folder)
    limit = 1 << 30

    def filled(*_args):
        return limit - (2 * CLONE_BYTES if slots(ready) == () else 4 << 20)

    monkeypatch.setattr(team_disk, "has_own_disk", lambda *_args: True)
    monkeypatch.setattr(team_disk, "disk_limit", lambda *_args: limit)
    monkeypatch.setattr(team_disk, "filled_by", filled)

    ready.ok("create_environment", **sale | {"branch": "main", "modules": ["sale"]})

    assert slots(ready) == ()


def test_a_slot_is_measured_by_its_own_id_and_counts_no_longer_when_it_is_given_up(ready):
    [slot] = slots(ready)
    sizes, folder = ready.deps.store.sizes, slot_plan(ready.deps.naming, slot).checkout
    (folder / "large").write_bytes(bytes(3 << 20))
    SizeMeter(
        ready.deps.naming, ready.deps.infrastructure, ready.deps.store, pause=lambda _seconds: None
    ).measure("1")
    before = sizes.of("1")
    assert before[slot.id].own >= 3 << 20

    assert give_up(ready.deps, slot)

    whole = sizes.of("1")[WHOLE_TEAM].own
    assert whole == before[WHOLE_TEAM].own - before[slot.id].own


def test_a_refusal_without_numbers_costs_no_slot(ready):
    def check() -> None:
        raise QuotaReached("No subnet is free.")

    with pytest.raises(QuotaReached):
        relieved(ready.deps, "1", check)

    assert len(slots(ready)) == 1


def test_a_slot_of_another_team_that_is_being_made_is_not_waited_for(ready):
    [slot] = slots(ready)
    full = NoRoom("It is full.", missing=1 << 20, disk=ready.deps.naming.data_dir)

    def check() -> None:
        raise full

    key, begun = LockKey.warm_slot("1", slot.id), time.monotonic()
    with ready.deps.work.locks.acquire(key, "test"), pytest.raises(NoRoom):
        relieved(ready.deps, "2", check)

    assert time.monotonic() - begun < WAIT_SECONDS


def test_a_disk_without_room_costs_the_slots_of_every_team(world, ready, sale, monkeypatch):
    process = Process(world, teams=WARM + RED)
    process.call("create_template", team="2", name="base")
    usage = SimpleNamespace(total=200 << 30, free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)

    refused = process.call("create_environment", team="2", **sale).error
    assert refused is not None
    assert refused.kind == "quota"

    assert slots(process) == ()


def test_what_would_not_fit_without_slots_either_costs_none(ready):
    disk = ready.deps.naming.data_dir

    def check() -> None:
        raise NoRoom("It is full.", missing=1 << 30, disk=disk)

    with pytest.raises(NoRoom):
        relieved(ready.deps, "1", check)

    assert len(slots(ready)) == 1


def test_a_team_gives_up_its_own_slots_before_those_of_others(world, ready, sale, monkeypatch):
    process = Process(world, teams=f"{WARM}{RED}warm_slots = 1\n")
    process.call("create_template", team="2", name="base")
    process.call("create_environment", team="2", **sale)
    WarmKeeper(process.deps, lambda: PLENTY).look("2", idle)
    full = NoRoom("It is full.", missing=16 << 20, disk=process.deps.naming.data_dir)
    answers = [full]

    def check() -> None:
        if answers:
            raise answers.pop()

    relieved(process.deps, "2", check)

    assert [slot.team for slot in process.deps.store.warm_slots.all()] == ["1"]


def test_a_slot_whose_files_cannot_be_reached_makes_no_room_and_is_no_defect(ready, monkeypatch):
    """As of another team, whose file system is not mounted or damaged."""
    monkeypatch.setattr(pressure, "same_disk", fail)

    def check() -> None:
        raise NoRoom("It is full.", missing=1, disk=ready.deps.naming.data_dir)

    with pytest.raises(NoRoom):
        relieved(ready.deps, "2", check)

    assert len(slots(ready)) == 1


def fail(*_folders):
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def room_for_one_clone_less_with_each_slot(process, monkeypatch):
    """Make a disk that has no room for a clone while there is a warm slot."""

    def usage(_folder):
        free = 2 * CLONE_BYTES if slots(process) == () else 4 << 20
        return SimpleNamespace(total=200 << 30, free=free)

    monkeypatch.setattr(shutil, "disk_usage", usage)


def automatic_snapshots(process):
    return {row.name for row in process.deps.store.snapshots.all() if row.automatic}


@pytest.fixture
def served(warm, sale):
    """An environment with a snapshot of its own and an automatic one, beside a warm slot."""
    warm.ok("create_environment", **sale | {"name": "first"})
    warm.ok("create_snapshot", name="first", snapshot="clean")
    warm.ok("rebuild_environment", name="first")
    keep(warm)
    return warm
