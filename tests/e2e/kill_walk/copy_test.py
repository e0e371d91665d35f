"""Kill the real server at every step of a copy: nothing of it is left, and its source serves."""

import pytest

from oduflow.kernel.call import Call, Origin
from oduflow.services.environments.copying import COPY, Copying
from tests.support.instances import Instance, world
from tests.support.kill_walk import KillWalk, points
from tests.support.server import serves
from tests.support.store_rows import environment
from tests.support.variants import plan_of, signed_in

pytestmark = pytest.mark.timeout(1800)


def test_a_copy_that_was_killed_at_any_step_leaves_nothing_and_its_source_serves(
    instance: Instance, sample_repository: str
) -> None:
    made = instance.ok("create_environment", name="walk", repo_url=sample_repository)
    edited = plan_of(instance, "walk").checkout / "edited.txt"
    edited.write_text("an edit")
    before = world(instance)
    with KillWalk(instance) as walk:
        for point in points(COPY, steps(instance)):
            wanted = {"new_name": "cut"}
            walk.kill_at(point, "POST", "/api/environments/walk/copy", json=wanted)
            walk.eventually(lambda: serves(made["url"]), point)
            walk.eventually(lambda: world(instance) == before, point)
            assert instance.ok("list_snapshots", name="walk")["snapshots"] == [], point
            with signed_in(plan_of(instance, "walk")) as tenant:  # it owns its database
                tenant.execute("CREATE TABLE mine (a int)")
                tenant.execute("DROP TABLE mine")
            assert edited.read_text() == "an edit"
    assert instance.ok("copy_environment", name="walk", new_name="cut")["state"] == "running"
    for name in ("walk", "cut"):
        instance.ok("delete_environment", name=name)


def steps(instance: Instance) -> list[str]:
    """Name the steps of a copy."""
    deps, row = instance.services.deps, environment(team="blue", id="walkwalkwalk")
    call = Call(instance.actor(), Origin("cli"))
    image = deps.engine.images.facts(row.odoo_image)
    return [step.name for step in Copying(deps, call, row, image, row).steps()]
