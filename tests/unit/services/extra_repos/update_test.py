import shutil

import pytest

from oduflow.domain.errors import Kind
from tests.support.memory.odoo import module
from tests.support.memory.process import Process

ADDING = [
    f"add_extra.{step}.{when}"
    for step in ("reserve", "fetch", "describe")
    for when in ("before", "after")
]
UPDATING = [
    f"update_extra.{step}.{when}"
    for step in ("fetch", "describe", "tidy")
    for when in ("before", "after")
]
DELETING = [
    f"delete_extra.{step}.{when}" for step in ("folder", "row") for when in ("before", "after")
]


def test_an_extra_repo_is_at_the_newest_commit_of_its_branch(world, process, web):
    made = process.ok("add_extra_repo", **web)

    row = repo(process)
    assert (made.name, made.branch) == ("web", "19.0")
    assert (row.state, row.step, row.branches) == ("ready", "", {"19.0": newest(world)})
    assert process.ok("add_extra_repo", **web) == made
    other = process.refused("add_extra_repo", **{**web, "branch": "main"})
    assert other.kind is Kind.CONFLICT


def test_a_step_or_call_of_adding_that_fails_leaves_nothing(world, process, web):
    before = world.everything()
    left = {}
    for point in (*ADDING, "git.resolve_branch", "git.fetch", "extra_repos.add"):
        process.faults.fail(point)
        assert process.refused("add_extra_repo", **web).message == f"It broke at {point}."
        if world.everything() != before or process.deps.store.extra_repos.list("1"):
            left[point] = world.everything()

    assert left == {}


@pytest.mark.thorough
def test_adding_that_is_killed_anywhere_is_undone_at_the_next_start(world, process, web):
    before = world.everything()
    left = {}
    for point in ADDING:
        Process(world).killed("add_extra_repo", at=point, **web)
        after = Process(world)
        after.reconcile()
        if world.everything() != before or after.deps.store.extra_repos.list("1"):
            left[point] = world.everything()

    assert left == {}


def test_an_update_fetches_the_newest_commit_and_keeps_those_in_use(world, process, web, uses):
    old = newest(world)
    new = push(world)

    updated = process.ok("update_extra_repo", name="web")

    assert updated.name == "web"
    assert repo(process).branches == {"19.0": new}
    assert checkouts(world, process) == {old}


def test_an_update_of_a_branch_that_is_gone_keeps_its_last_commit(world, process, web):
    world.git.repository("web", {"18.0": module("web_grid")})
    process.ok("add_extra_repo", **web)
    old = newest(world)
    world.git.forget("web", "19.0")

    error = process.refused("update_extra_repo", name="web")

    assert error.kind is Kind.NOT_FOUND
    assert (repo(process).branches, repo(process).step) == ({"19.0": old}, "")


@pytest.mark.thorough
def test_an_update_that_is_killed_anywhere_leaves_a_whole_extra_repo(world, process, uses):
    wrong = {}
    for number, point in enumerate(UPDATING):
        push(world, f"change {number}")
        Process(world).killed("update_extra_repo", at=point, name="web")
        after = Process(world)
        after.reconcile()
        if (repo(after).state, repo(after).step) != ("ready", ""):
            wrong[point] = repo(after)
        after.ok("update_extra_repo", name="web")
        assert repo(after).branches == {"19.0": newest(world)}
        after.ok("rebuild_environment", name="sale", update_extra_repos=True)

    assert wrong == {}


def test_checkouts_that_no_environment_is_pinned_to_are_removed(world, process, uses):
    push(world)
    process.ok("update_extra_repo", name="web")
    kept = process.call("rebuild_environment", name="sale", update_extra_repos=True).snapshot
    process.reconcile(at_start=False)
    assert len(checkouts(world, process)) == 2, "the snapshot before the rebuild uses one"

    process.ok("delete_snapshot", name="sale", snapshot=kept)
    process.reconcile(at_start=False)

    assert checkouts(world, process) == {newest(world)}
    process.ok("delete_environment", name="sale")
    assert checkouts(world, process) == set()


def test_an_extra_repo_that_is_used_stays_and_one_that_is_not_leaves_nothing(world, process, uses):
    before = world.everything()
    assert process.refused("delete_extra_repo", name="web").kind is Kind.CONFLICT
    assert world.everything() == before

    process.ok("delete_environment", name="sale")
    process.ok("delete_extra_repo", name="web")

    assert world.everything()["folders"] == set()
    assert process.deps.store.extra_repos.list("1") == ()


@pytest.mark.thorough
def test_a_deletion_that_is_killed_anywhere_is_finished_at_the_next_start(world, process, web):
    before = world.everything()
    left = {}
    for point in DELETING:
        Process(world).ok("add_extra_repo", **web)
        Process(world).killed("delete_extra_repo", at=point, name="web")
        after = Process(world)
        after.reconcile()
        if world.everything() != before or after.deps.store.extra_repos.list("1"):
            left[point] = world.everything()

    assert left == {}


def test_a_copy_that_was_lost_is_fetched_again_when_it_is_needed(world, process, sale, web):
    process.ok("add_extra_repo", **web)
    [copy] = world.data_dir.glob("team_1/extra/*/git")
    shutil.rmtree(copy)

    made = process.ok("create_environment", **sale, extra_repos=["web"])

    assert made.state == "running"


def push(world, readme="more"):
    world.git.repository("web", {"19.0": module("web_grid") | {"README": readme}})
    return newest(world)


def newest(world):
    return world.git.commit("web", "19.0")


def repo(process):
    [found] = process.deps.store.extra_repos.list("1")
    return found


def checkouts(world, process):
    folder = world.data_dir / "team_1" / "extra" / repo(process).id
    return {path.name for path in folder.iterdir() if len(path.name) == 40}


@pytest.fixture
def web(world):
    url = world.git.repository("web", {"19.0": module("web_grid")}, default="19.0")
    return {"name": "web", "repo_url": url}


@pytest.fixture
def uses(process, full):
    """An environment that uses the extra repo."""
    return process.ok("create_environment", **full)
