"""Kill the real server at every step of create, delete and rebuild; nothing half-made stays.

The steps come from the sagas themselves: a new step is walked without a change here.
"""

from pathlib import Path

import pytest
import requests

from oduflow.domain.clock import now
from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.names import new_id
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call, Origin
from oduflow.services.environments import template_of
from oduflow.services.lifecycle import REBUILD_STEPS
from oduflow.services.provisioning import Provisioning
from oduflow.services.teardown import teardown_steps
from tests.support.instances import Instance, world
from tests.support.server import eventually, serving

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


def points(saga: str, steps: list[str]) -> list[str]:
    return [f"{saga}.{step}.{when}" for step in steps for when in ("before", "after")]


def test_a_create_that_was_killed_at_any_step_leaves_nothing(
    instance: Instance, sample_repository: str
) -> None:
    before = world(instance)
    wanted = {"name": "walk", "repo_url": sample_repository, "modules": ["field_notes"]}
    for point in points("create", steps_of_create(instance)):
        hold = failpoint(instance, point)
        hold.touch()
        with serving(instance) as server:
            server.job("POST", "/api/environments", json=wanted)
            reached = hold.with_name(f"{point}.reached")
            eventually(reached.exists, SECONDS, server.tail)
            shown = server.environments()
            assert all(row["state"] == "creating" for row in shown), (point, shown)
            server.kill()
        hold.unlink()
        reached.unlink()
        with serving(instance) as server:
            eventually(lambda: server.latest_job() == "interrupted", SECONDS, server.tail)
            eventually(lambda: not server.environments(), SECONDS, server.tail)
            assert world(instance) == before, point


def test_a_delete_that_was_killed_at_any_step_is_finished(
    instance: Instance, sample_repository: str
) -> None:
    before = world(instance)
    for point in points("delete", steps_of_delete(instance)):
        instance.ok("create_environment", name="walk", repo_url=sample_repository)
        hold = failpoint(instance, point)
        hold.touch()
        reached = hold.with_name(f"{point}.reached")
        with serving(instance) as server:
            server.job("DELETE", "/api/environments/walk")
            eventually(reached.exists, SECONDS, server.tail)
            server.kill()
        hold.unlink()
        reached.unlink()
        with serving(instance) as server:
            eventually(lambda: not server.environments(), SECONDS, server.tail)
            assert world(instance) == before, point


def test_a_rebuild_that_was_killed_at_any_step_is_finished(
    instance: Instance, sample_repository: str
) -> None:
    made = instance.ok("create_environment", name="walk", repo_url=sample_repository)
    with_it = world(instance)
    for point in points("rebuild", list(REBUILD_STEPS)):
        hold = failpoint(instance, point)
        hold.touch()
        reached = hold.with_name(f"{point}.reached")
        with serving(instance) as server:
            server.job("POST", "/api/environments/walk/rebuild")
            eventually(reached.exists, SECONDS, server.tail)
            server.kill()
        hold.unlink()
        reached.unlink()
        with serving(instance) as server:
            eventually(
                lambda: [row["url"] for row in server.environments()] == [made["url"]],
                SECONDS,
                server.tail,
            )
            eventually(lambda: _serves(made["url"]), SECONDS, server.tail)
            assert world(instance) == with_it, point
    instance.ok("delete_environment", name="walk")


def _serves(url: str) -> bool:
    try:
        return requests.get(f"{url}web/login", timeout=10).status_code == 200
    except requests.RequestException:
        return False
