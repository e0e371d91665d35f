"""Kill the real server at every step of rebuilding an environment: the next start finishes it."""

import pytest
import requests

from oduflow.services.environments.lifecycle import REBUILD_STEPS
from tests.support.instances import Instance, world
from tests.support.kill_walk import KillWalk, points

pytestmark = pytest.mark.timeout(900)


def test_a_rebuild_that_was_killed_at_any_step_is_finished(
    instance: Instance, sample_repository: str, enterprise: str
) -> None:
    made = instance.ok(
        "create_environment", name="walk", repo_url=sample_repository, extra_repos=[enterprise]
    )
    with_it = world(instance)
    with KillWalk(instance) as walk:
        for point in points("rebuild", list(REBUILD_STEPS)):
            walk.kill_at(point, "POST", "/api/environments/walk/rebuild")
            walk.eventually(
                lambda: [row["url"] for row in walk.server.environments()] == [made["url"]], point
            )
            walk.eventually(lambda: _serves(made["url"]), point)
            assert world(instance) == with_it, point
    instance.ok("delete_environment", name="walk")


def _serves(url: str) -> bool:
    try:
        return requests.get(f"{url}web/login", timeout=10).status_code == 200
    except requests.RequestException:
        return False
