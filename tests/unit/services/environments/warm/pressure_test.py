"""Which warm slots are given up before something is refused for room."""

import shutil
from types import SimpleNamespace

import pytest

from oduflow.domain.errors import NoRoom, QuotaReached
from oduflow.domain.storage import WHOLE_TEAM
from oduflow.services.environments.warm.keeper import WarmKeeper
from oduflow.services.environments.warm.pressure import relieved
from tests.support.memory.odoo import module
from tests.support.memory.process import Process
from tests.support.memory.world import RED
from tests.unit.services.environments.warm.conftest import PLENTY, WARM, idle, slots


def test_room_is_made_of_slots_before_a_creation_is_refused(ready, sale, world):
    other = sale | {"repo_url": world.git.repository("other", {"main": module("sale")})}
    ready.faults.fail("cluster.database_size", QuotaReached("It is full.", "Free it."))

    ready.ok("create_environment", **other)

    assert slots(ready) == ()


def test_a_team_at_its_own_limit_gives_up_its_own_slots_only(world, ready, sale):
    teams = f"{WARM}disk_gb = 1\n{RED}warm_slots = 1\n"
    process = Process(world, teams=teams)
    process.call("create_template", team="2", name="base")
    process.call("create_environment", team="2", **sale)
    WarmKeeper(process.deps, lambda: PLENTY).look("2", idle)
    process.deps.store.sizes.replace("1", {WHOLE_TEAM: ((1 << 30) - (8 << 20), 0)})

    refused = process.refused("create_environment", **sale)

    assert refused.message.endswith("the team fills 1016 MiB of the 1.0 GiB that it may.")
    assert [slot.team for slot in process.deps.store.warm_slots.all()] == ["2"]


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
