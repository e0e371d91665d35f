"""Kill the real server at every step of adding, updating and deleting an extra repo."""

from typing import Any

import pytest

from oduflow.kernel.call import Call, Origin
from oduflow.services.extra_repos.add import ExtraRepoAddition
from oduflow.services.extra_repos.delete import extra_repo_removal_steps
from oduflow.services.extra_repos.update import ExtraRepoUpdate
from tests.support.instances import Instance, world
from tests.support.kill_walk import KillWalk, points
from tests.support.server import Server
from tests.support.store_rows import extra_repo

pytestmark = pytest.mark.timeout(900)


def test_an_addition_of_an_extra_repo_that_was_killed_at_any_step_leaves_nothing(
    instance: Instance, sample_repository: str
) -> None:
    before = world(instance)
    wanted = {"name": "walked", "repo_url": sample_repository}
    with KillWalk(instance) as walk:
        for point in points("add_extra", steps_of_extra_repos(instance)["add_extra"]):
            walk.kill_at(point, "POST", "/api/extra-repos", json=wanted)
            walk.eventually(lambda: not _extra_repos(walk.server), point)
            walk.eventually(lambda: world(instance) == before, point)


def test_an_update_of_an_extra_repo_that_was_killed_at_any_step_leaves_a_whole_one(
    instance: Instance, sample_repository: str
) -> None:
    instance.ok("add_extra_repo", name="walked", repo_url=sample_repository)
    with_it = world(instance)
    with KillWalk(instance) as walk:
        for point in points("update_extra", steps_of_extra_repos(instance)["update_extra"]):
            walk.kill_at(point, "POST", "/api/extra-repos/walked/update")
            walk.eventually(lambda: _steps(instance) == [""], point)
            job = walk.server.job("POST", "/api/extra-repos/walked/update")
            done = walk.server.finished(job)
            assert done["status"] == "ok", (point, done)
            assert world(instance) == with_it, point
    instance.ok("delete_extra_repo", name="walked")


def test_a_deletion_of_an_extra_repo_that_was_killed_at_any_step_is_finished(
    instance: Instance, sample_repository: str
) -> None:
    before = world(instance)
    with KillWalk(instance) as walk:
        for point in points("delete_extra", steps_of_extra_repos(instance)["delete_extra"]):
            instance.ok("add_extra_repo", name="walked", repo_url=sample_repository)
            walk.kill_at(point, "DELETE", "/api/extra-repos/walked")
            walk.eventually(lambda: not _extra_repos(walk.server), point)
            assert world(instance) == before, point


def steps_of_extra_repos(instance: Instance) -> dict[str, list[str]]:
    deps, row = instance.services.deps, extra_repo(team="blue")
    call = Call(instance.actor(), Origin("cli"))
    sagas = {
        "add_extra": ExtraRepoAddition(deps, call, row).steps(),
        "update_extra": ExtraRepoUpdate(deps, call, row).steps(),
        "delete_extra": extra_repo_removal_steps(deps.naming, deps.store.extra_repos, row),
    }
    return {saga: [step.name for step in steps] for saga, steps in sagas.items()}


def _extra_repos(server: Server) -> list[Any]:
    found: list[Any] = server.request("GET", "/api/extra-repos").json()["data"]["extra_repos"]
    return found


def _steps(instance: Instance) -> list[str]:
    return [row.step for row in instance.services.deps.store.extra_repos.all()]
