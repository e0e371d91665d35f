"""Kill the real server at every step of rebuilding an environment: the next start finishes it."""

import pytest
import requests

from oduflow.domain.container import ImageFacts
from oduflow.kernel.call import Call, Origin
from oduflow.services.environments.provisioning import Provisioning
from tests.support.instances import Instance, world
from tests.support.kill_walk import KillWalk, points
from tests.support.store_rows import environment

pytestmark = pytest.mark.timeout(900)


def test_a_rebuild_that_was_killed_at_any_step_is_finished(
    instance: Instance, sample_repository: str, enterprise: str
) -> None:
    made = instance.ok(
        "create_environment", name="walk", repo_url=sample_repository, extra_repos=[enterprise]
    )
    with_it = world(instance)
    with KillWalk(instance) as walk:
        for point in points("rebuild", steps_of_rebuild(instance)):
            walk.kill_at(point, "POST", "/api/environments/walk/rebuild")
            walk.eventually(
                lambda: [row["url"] for row in walk.server.environments()] == [made["url"]], point
            )
            walk.eventually(lambda: _serves(made["url"]), point)
            _delete_snapshots(instance)  # each rebuild has taken one
            assert world(instance) == with_it, point
    instance.ok("delete_environment", name="walk")


def _delete_snapshots(instance: Instance) -> None:
    for row in instance.ok("list_snapshots", name="walk")["snapshots"]:
        instance.ok("delete_snapshot", name="walk", snapshot=row["name"])


def steps_of_rebuild(instance: Instance) -> list[str]:
    image = ImageFacts("", "", 0, 0, (), {})
    call = Call(instance.actor(), Origin("cli"))
    work = Provisioning(instance.services.deps, call, environment(team="blue"), image)
    return [step.name for step in work.steps()]


def _serves(url: str) -> bool:
    try:
        return requests.get(f"{url}web/login", timeout=10).status_code == 200
    except requests.RequestException:
        return False
