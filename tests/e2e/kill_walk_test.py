"""Kill the real server at every step of every saga of environments and extra repos.

Nothing half-made stays.

The steps come from the sagas themselves: a new step is walked without a change here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from oduflow.domain.clock import now
from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.names import new_id
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call, Origin
from oduflow.services.environments.delete import teardown_steps
from oduflow.services.environments.lifecycle import REBUILD_STEPS
from oduflow.services.environments.provisioning import Provisioning
from oduflow.services.environments.view import template_of
from oduflow.services.extra_repos.update import Adding, Updating, removal_steps
from tests.support.instances import Instance, world
from tests.support.server import Server, eventually, serving
from tests.support.store_rows import extra_repo

pytestmark = pytest.mark.timeout(900)

SECONDS = 60.0


def failpoint(instance: Instance, name: str) -> Path:
    folder = instance.settings.server.data_dir / "failpoints"
    folder.mkdir(exist_ok=True)
    return folder / name


def steps_of_create(instance: Instance) -> list[str]:
    row = Environment(
        id=new_id(),
        team="blue",
        name="walk",
        repo_url="https://example.com/x.git",
        branch="main",
        requested_branch=None,
        template_id=new_id(),
        template="t",
        odoo_image="odoo:19.0",
        modules=(),
        state=EnvironmentState.CREATING,
        created_by="",
        created_at=now(),
    )
    call = Call(instance.actor(), Origin("cli"))
    image = ImageFacts("", "", 0, 0, (), {})
    work = Provisioning(instance.services.deps, call, row, template_of(row), image)
    return [step.name for step in work.steps()]


def steps_of_delete(instance: Instance) -> list[str]:
    naming = instance.services.deps.naming
    plan = EnvironmentPlan(naming, new_id(), "blue", "walk")
    return [step.name for step in teardown_steps(instance.services.deps, plan)]


def steps_of_extra_repos(instance: Instance) -> dict[str, list[str]]:
    deps, row = instance.services.deps, extra_repo(team="blue")
    call = Call(instance.actor(), Origin("cli"))
    sagas = {
        "add_extra": Adding(deps, call, row).steps(),
        "update_extra": Updating(deps, call, row).steps(),
        "delete_extra": removal_steps(deps, row),
    }
    return {saga: [step.name for step in steps] for saga, steps in sagas.items()}


def points(saga: str, steps: list[str]) -> list[str]:
    return [f"{saga}.{step}.{when}" for step in steps for when in ("before", "after")]


def test_a_create_that_was_killed_at_any_step_leaves_nothing(
    instance: Instance, sample_repository: str, enterprise: str
) -> None:
    before = world(instance)
    wanted = {
        "name": "walk",
        "repo_url": sample_repository,
        "modules": ["field_notes"],
        "extra_repos": [enterprise],
    }
    for point in points("create", steps_of_create(instance)):
        shown = kill_at(instance, point, "POST", "/api/environments", json=wanted)
        assert all(row["state"] == "creating" for row in shown), (point, shown)
        with serving(instance) as server:
            eventually(lambda: server.latest_job() == "interrupted", SECONDS, server.tail)
            eventually(lambda: not server.environments(), SECONDS, server.tail)
            assert world(instance) == before, point


def test_a_delete_that_was_killed_at_any_step_is_finished(
    instance: Instance, sample_repository: str, enterprise: str
) -> None:
    before = world(instance)
    for point in points("delete", steps_of_delete(instance)):
        wanted = {"name": "walk", "repo_url": sample_repository, "extra_repos": [enterprise]}
        instance.ok("create_environment", **wanted)
        kill_at(instance, point, "DELETE", "/api/environments/walk")
        with serving(instance) as server:
            eventually(lambda: not server.environments(), SECONDS, server.tail)
            assert world(instance) == before, point


def test_a_rebuild_that_was_killed_at_any_step_is_finished(
    instance: Instance, sample_repository: str, enterprise: str
) -> None:
    made = instance.ok(
        "create_environment", name="walk", repo_url=sample_repository, extra_repos=[enterprise]
    )
    with_it = world(instance)
    for point in points("rebuild", list(REBUILD_STEPS)):
        kill_at(instance, point, "POST", "/api/environments/walk/rebuild")
        with serving(instance) as server:
            eventually(
                lambda: [row["url"] for row in server.environments()] == [made["url"]],
                SECONDS,
                server.tail,
            )
            eventually(lambda: _serves(made["url"]), SECONDS, server.tail)
            assert world(instance) == with_it, point
    instance.ok("delete_environment", name="walk")


def test_an_addition_of_an_extra_repo_that_was_killed_at_any_step_leaves_nothing(
    instance: Instance, sample_repository: str
) -> None:
    before = world(instance)
    wanted = {"name": "walked", "repo_url": sample_repository}
    for point in points("add_extra", steps_of_extra_repos(instance)["add_extra"]):
        kill_at(instance, point, "POST", "/api/extra-repos", json=wanted)
        with serving(instance) as server:
            eventually(lambda: not _extra_repos(server), SECONDS, server.tail)
            eventually(lambda: world(instance) == before, SECONDS, lambda: point)  # noqa: B023


def test_an_update_of_an_extra_repo_that_was_killed_at_any_step_leaves_a_whole_one(
    instance: Instance, sample_repository: str
) -> None:
    instance.ok("add_extra_repo", name="walked", repo_url=sample_repository)
    with_it = world(instance)
    for point in points("update_extra", steps_of_extra_repos(instance)["update_extra"]):
        kill_at(instance, point, "POST", "/api/extra-repos/walked/update")
        with serving(instance) as server:
            eventually(lambda: _steps(instance) == [""], SECONDS, server.tail)
            done = server.finished(server.job("POST", "/api/extra-repos/walked/update"))
            assert done["status"] == "ok", (point, done)
            assert world(instance) == with_it, point
    instance.ok("delete_extra_repo", name="walked")


def test_a_deletion_of_an_extra_repo_that_was_killed_at_any_step_is_finished(
    instance: Instance, sample_repository: str
) -> None:
    before = world(instance)
    for point in points("delete_extra", steps_of_extra_repos(instance)["delete_extra"]):
        instance.ok("add_extra_repo", name="walked", repo_url=sample_repository)
        kill_at(instance, point, "DELETE", "/api/extra-repos/walked")
        with serving(instance) as server:
            eventually(lambda: not _extra_repos(server), SECONDS, server.tail)
            assert world(instance) == before, point


def kill_at(
    instance: Instance, point: str, method: str, path: str, **more: Any
) -> list[dict[str, Any]]:
    """Kill the server while it is held at a step of what it was asked for.

    Returns:
        The environments that it showed until then.
    """
    hold = failpoint(instance, point)
    reached = hold.with_name(f"{point}.reached")
    hold.touch()
    try:
        with serving(instance) as server:
            server.job(method, path, **more)
            eventually(reached.exists, SECONDS, server.tail)
            shown = server.environments()
            server.kill()
    finally:  # whoever comes next must not be held
        hold.unlink()
        reached.unlink(missing_ok=True)
    return shown


def _extra_repos(server: Server) -> list[Any]:
    found: list[Any] = server.request("GET", "/api/extra-repos").json()["data"]["extra_repos"]
    return found


def _steps(instance: Instance) -> list[str]:
    return [row.step for row in instance.services.deps.extra_repos.all()]


@pytest.fixture
def enterprise(instance: Instance, sample_repository: str) -> Iterator[str]:
    """Add an extra repo for a test."""
    instance.ok("add_extra_repo", name="enterprise", repo_url=sample_repository)
    yield "enterprise"
    instance.ok("delete_extra_repo", name="enterprise")


def _serves(url: str) -> bool:
    try:
        return requests.get(f"{url}web/login", timeout=10).status_code == 200
    except requests.RequestException:
        return False
