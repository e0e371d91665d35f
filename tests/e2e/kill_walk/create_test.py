"""Kill the real server at every step of creating an environment: nothing half-made stays.

The steps come from the saga itself: a new step is walked without a change here. Each point costs
one start of the server. `points` leaves out every `after` but the last: between `X.after` and
`Y.before` of the next step lies one UPDATE of the row, so both kills leave the same things behind.
One file per saga, so that pytest-xdist spreads the walks over its workers.
"""

import pytest

from oduflow.domain.clock import now
from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.names import new_id
from oduflow.kernel.call import Call, Origin
from oduflow.services.environments.creation import Creation
from oduflow.services.environments.source import TemplateSource
from tests.support.instances import Instance, world
from tests.support.kill_walk import KillWalk, points
from tests.support.store_rows import template

pytestmark = pytest.mark.timeout(900)


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
    with KillWalk(instance) as walk:
        for point in points("create", steps_of_create(instance)):
            shown = walk.kill_at(point, "POST", "/api/environments", json=wanted)
            assert all(row["state"] == "creating" for row in shown), (point, shown)
            walk.eventually(lambda: walk.server.latest_job() == "interrupted", point)
            walk.eventually(lambda: not walk.server.environments(), point)
            assert world(instance) == before, point


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
    deps = instance.services.deps
    source = TemplateSource(deps.naming, template())
    work = Creation(deps, call, row, image, source)
    return [step.name for step in work.steps()]
