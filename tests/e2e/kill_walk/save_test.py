"""Kill the real server at every step of saving an environment as a template: nothing half stays."""

import pytest

from tests.support.instances import Instance, world
from tests.support.kill_walk import KillWalk, points

pytestmark = pytest.mark.timeout(900)

SAVE = ["reserve", "folder", "role", "moment", "owner", "private", "neutralise", "volume"]
SAVE += ["forget", "seal"]
MOMENT = ["reserve", "checkout", "pause", "database", "filestore", "resume", "synchronise"]


def test_a_save_that_was_killed_at_any_step_leaves_nothing(
    instance: Instance, sample_repository: str
) -> None:
    instance.ok("create_environment", name="walk", repo_url=sample_repository)
    before, rows = world(instance), instance.services.deps.store
    with KillWalk(instance) as walk:
        for point in (*points("snapshot", MOMENT), *points("save", SAVE)):
            [shown] = walk.kill_at(
                point, "POST", "/api/environments/walk/template", json={"template": "cut"}
            )
            assert shown["state"] == "running", point
            walk.eventually(lambda: rows.templates.get("blue", "cut") is None, point)
            walk.eventually(lambda: not rows.snapshots.all(), point)
            assert world(instance) == before, point
            assert walk.server.environments()[0]["state"] == "running", point
            container = instance.services.deps.engine.containers
            facts = container.facts(f"{instance.name}-env-blue.walk")
            assert facts is not None
            assert facts.status == "running", point
    instance.ok("delete_environment", name="walk")
