"""Kill the real server while it imports: nothing half-imported stays, and the call can be repeated.

The backup is an upload, which no kill may lose: it was long to send.
"""

import random

import pytest

from tests.support.base_template import KeptTemplate
from tests.support.instances import TEMPLATE, Instance, world
from tests.support.kill_walk import KillWalk
from tests.support.uploads import sent

pytestmark = pytest.mark.timeout(900)

# The steps that take long, each in a container of its own, and one point at which all is made but
# not yet published.
LONG_STEPS = ("restore", "neutralise", "assets")
LAST = "import.seal.after"


def test_an_import_that_was_killed_leaves_nothing_but_its_upload_and_can_be_repeated(
    instance: Instance, kept_template: KeptTemplate
) -> None:
    before, rng = world(instance), random.SystemRandom()
    with KillWalk(instance) as walk:
        upload = sent(walk.server, kept_template.folder / "dump")
        wanted = {"name": "walked", "source": f"upload:{upload}"}
        for step in LONG_STEPS:
            walk.kill_during(step, rng.uniform(0, 1), "POST", "/api/templates/import", json=wanted)
            check_nothing_is_left(walk, instance, before, step)
        walk.kill_at(LAST, "POST", "/api/templates/import", json=wanted)
        check_nothing_is_left(walk, instance, before, LAST)
        ended = walk.server.finished(
            walk.server.job("POST", "/api/templates/import", json=wanted), seconds=300
        )
        assert ended["status"] == "ok", ended
        assert ended["data"]["neutralized"] is True
    instance.ok("delete_template", name="walked")
    assert world(instance) == before


def check_nothing_is_left(walk: KillWalk, instance: Instance, before: object, step: str) -> None:
    assert walk.server.latest_job() == "interrupted", step

    def undone() -> bool:
        names = [each["name"] for each in instance.ok("list_templates")["templates"]]
        return names == [TEMPLATE] and world(instance) == before

    walk.eventually(undone, step)
    (upload,) = instance.ok("list_uploads")["uploads"]
    assert upload["complete"], step
