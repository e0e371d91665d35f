"""Kill the real server at every step of rebuilding an environment: the next start finishes it."""

import pytest
import requests

from oduflow.services.environments.lifecycle import REBUILD_STEPS
from tests.support.instances import Instance, world
from tests.support.kill_walk import SECONDS, kill_at, points
from tests.support.server import eventually, serving

pytestmark = pytest.mark.timeout(900)


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


def _serves(url: str) -> bool:
    try:
        return requests.get(f"{url}web/login", timeout=10).status_code == 200
    except requests.RequestException:
        return False
