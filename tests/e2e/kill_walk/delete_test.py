"""Kill the real server at every step of deleting an environment: the next start finishes it."""

import pytest

from oduflow.domain.names import new_id
from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.environments.delete import environment_removal_steps
from tests.support.instances import Instance, world
from tests.support.kill_walk import KillWalk, points

pytestmark = pytest.mark.timeout(900)


def test_a_delete_that_was_killed_at_any_step_is_finished(
    instance: Instance, sample_repository: str, enterprise: str
) -> None:
    before = world(instance)
    wanted = {"name": "walk", "repo_url": sample_repository, "extra_repos": [enterprise]}
    with KillWalk(instance) as walk:
        for point in points("delete", steps_of_delete(instance)):
            instance.ok("create_environment", **wanted)
            walk.kill_at(point, "DELETE", "/api/environments/walk")
            walk.eventually(lambda: not walk.server.environments(), point)
            assert world(instance) == before, point


def steps_of_delete(instance: Instance) -> list[str]:
    naming = instance.services.deps.naming
    plan = EnvironmentPlan(naming, new_id(), "blue", "walk")
    return [step.name for step in environment_removal_steps(instance.services.deps, plan)]
