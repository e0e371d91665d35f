"""The checkout of a warm slot: made ahead, and used while the branch is at its commit."""

import json
import os
import time
from pathlib import Path

import pytest

from oduflow.adapters.git.failures import AccessRefused
from oduflow.domain.errors import Cancelled, NoRoom, UpstreamFailed
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.storage import WHOLE_TEAM
from oduflow.services import saga
from oduflow.services.environments.warm import checkout
from oduflow.services.environments.warm.remove import give_up_all, slot_plan
from oduflow.services.room import CLONE_BYTES, relieved
from tests.support.memory.odoo import module
from tests.support.memory.process import Process
from tests.unit.services.environments.warm.conftest import WARM, keep, slots

REFUSED = AccessRefused("git.example.com refused the credential.", "Give another.")


@pytest.mark.parametrize("branch", [{}, {"branch": "main"}])
def test_a_branch_that_has_not_moved_is_asked_for_once_and_not_checked_out_again(
    ready, sale, branch
):
    [slot] = slots(ready)

    points = ready.passed("create_environment", **sale | branch)

    [row] = ready.deps.store.environments.list("1")
    assert row.id == slot.id
    assert row.commit == ready.world.git.commit("addons", "main")
    assert files_of(ready, slot) == {"sale/__manifest__.py", "sale/__init__.py"}
    assert points.count("git.resolve_branch") == 1
    assert "git.checkout" not in points


@pytest.mark.parametrize("branch", [{}, {"branch": "main"}])
def test_a_branch_that_moved_is_checked_out(ready, sale, world, branch):
    [slot] = slots(ready)
    world.git.repository("addons", {"main": module("sale", "crm")})

    ready.ok("create_environment", **sale | branch)

    [row] = ready.deps.store.environments.list("1")
    assert (row.id, row.commit) == (slot.id, world.git.commit("addons", "main"))
    assert "crm/__manifest__.py" in files_of(ready, slot)


def test_another_branch_is_checked_out_and_nothing_of_the_first_stays(ready, sale, world):
    [slot] = slots(ready)
    world.git.repository("addons", {"feature": module("other")})

    ready.ok("create_environment", **sale | {"branch": "feature", "modules": ["other"]})

    [row] = ready.deps.store.environments.list("1")
    assert (row.id, row.commit) == (slot.id, world.git.commit("addons", "feature"))
    assert files_of(ready, slot) == {"other/__manifest__.py", "other/__init__.py"}


def test_another_branch_at_the_same_commit_is_not_checked_out_again(ready, sale, world):
    repository = world.git.repositories[sale["repo_url"]]
    repository.branches["feature"] = repository.branches["main"]

    points = ready.passed("create_environment", **sale | {"branch": "feature"})

    assert "git.checkout" not in points
    assert ready.ok("get_environment", name="sale").branch == "feature"


@pytest.mark.parametrize("branch", [{}, {"branch": "main"}])
def test_a_team_that_may_no_longer_read_the_repository_gets_no_environment(
    ready, sale, world, branch
):
    ready.faults.fail("git.resolve_branch", REFUSED)

    refused = ready.refused("create_environment", **sale | branch)

    assert refused.message == REFUSED.message
    assert ready.deps.store.environments.list("1") == ()
    assert give_up_all(ready.deps, "1") == (0 if branch else 1)
    assert "environments" not in {Path(each).parent.name for each in world.everything()["folders"]}


def test_a_repository_with_submodules_is_checked_out_by_the_creation(warm, sale, world):
    world.git.repository("addons", {"main": module("sale") | {".gitmodules": ""}})
    warm.ok("create_environment", **sale | {"name": "first"})
    keep(warm)
    [slot] = slots(warm)

    points = warm.passed("create_environment", **sale)

    assert warm.deps.store.environments.get("1", "sale").id == slot.id
    assert "git.checkout" in points


def test_another_repository_of_the_same_name_gets_no_slot(ready, sale, world):
    fork = world.git.repository("fork/addons", {"main": module("sale")})
    [slot] = slots(ready)

    ready.ok("create_environment", **sale | {"repo_url": fork})

    assert slots(ready) == (slot,)


def test_a_checkout_that_fails_leaves_a_slot_without_one(warm, sale):
    warm.ok("create_environment", **sale | {"name": "first"})
    warm.faults.fail("git.checkout")
    keep(warm)
    [slot] = slots(warm)
    assert slot.state == "ready"
    assert files_of(warm, slot) == set()

    points = warm.passed("create_environment", **sale)

    assert warm.deps.store.environments.get("1", "sale").id == slot.id
    assert "git.checkout" in points


def test_a_git_server_that_is_slow_leaves_a_slot_without_a_checkout(warm, sale, monkeypatch):
    warm.ok("create_environment", **sale)
    monkeypatch.setattr(checkout, "AHEAD_SECONDS", 0.2)
    part = type(warm.deps.git.repositories._part)

    def slow(*_of, monitor, **_more):
        while not monitor.cancelled():
            time.sleep(0.01)
        raise Cancelled("Stopped while downloading.")

    monkeypatch.setattr(part, "checkout", slow)

    keep(warm)

    [slot] = slots(warm)
    assert slot.state == "ready"
    assert files_of(warm, slot) == set()


def test_a_slot_is_made_only_where_the_last_checkout_would_fit(world, process, sale):
    limited = Process(world, teams=f"{WARM}disk_gb = 1\n")
    limited.ok("create_environment", **sale)
    [row] = limited.deps.store.environments.list("1")
    limited.deps.store.sizes.replace("1", {WHOLE_TEAM: ((768 << 20), 0)})
    plan = EnvironmentPlan.of(world.naming, row)
    with (plan.checkout / "large").open("wb") as large:
        os.posix_fallocate(large.fileno(), 0, 300 << 20)

    with pytest.raises(NoRoom, match="A checkout ahead of a claim needs 300 MiB"):
        keep(limited)

    assert slots(limited) == ()


def test_a_checkout_that_is_called_off_leaves_nothing(warm, sale, world):
    warm.ok("create_environment", **sale)
    before = world.everything()
    warm.faults.fail("git.checkout", Cancelled("Stopped on request."))

    with pytest.raises(Cancelled):
        keep(warm)

    assert world.everything() == before


def test_what_an_older_version_created_has_a_slot_without_a_checkout(warm, sale):
    warm.ok("create_environment", **sale)
    facts = warm.deps.store.facts
    noted = json.loads(facts.get("warm_demand.1"))
    del noted["branch"]
    facts.set("warm_demand.1", json.dumps(noted))

    keep(warm)

    [slot] = slots(warm)
    assert files_of(warm, slot) == set()


@pytest.mark.parametrize("point", ["before", "after"])
def test_recovery_removes_the_checkout_of_a_slot_whose_making_was_killed(
    warm, sale, world, monkeypatch, point
):
    warm.ok("create_environment", **sale)
    before = world.everything()
    warm.faults.fail(f"warm.checkout.{point}", UpstreamFailed("It is killed here."))
    with monkeypatch.context() as patch:
        patch.setattr(saga, "_undo", lambda _begun: None)
        with pytest.raises(UpstreamFailed):
            keep(warm)
    [slot] = slots(warm)
    assert slot_plan(world.naming, slot).git_dir.exists() == (point == "after")

    warm.reconcile()

    assert slots(warm) == ()
    assert world.everything() == before


def test_a_slots_checkout_is_room_that_its_removal_makes(ready, world):
    [slot] = slots(ready)
    large = slot_plan(world.naming, slot).checkout / "large.bin"
    large.write_bytes(bytes(16 << 20))
    full = [NoRoom("It is full.", missing=CLONE_BYTES + (12 << 20), disk=world.data_dir)]

    def check() -> None:
        if full:
            raise full.pop()

    relieved(ready.deps, "1", check)

    assert slots(ready) == ()


def files_of(process, slot):
    checkout = slot_plan(process.deps.naming, slot).checkout
    return {str(path.relative_to(checkout)) for path in checkout.rglob("*") if path.is_file()}
