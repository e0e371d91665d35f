"""Kill the real server at every step of a screenshot: no browser stays, and Odoo serves."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from oduflow.adapters.docker.build import BROWSER, BROWSER_SUFFIX, build_image
from oduflow.services.environments.screenshot import SCREENSHOT
from tests.support.instances import Instance, world
from tests.support.kill_walk import KillWalk, points
from tests.support.server import serves
from tests.support.variants import docker, plan_of

pytestmark = pytest.mark.timeout(1800)

PATH = "/api/environments/walk/screenshot"
WANTED: dict[str, Any] = {"json": {"path": "/web", "user": "admin"}}
STEPS = ["session", "browser", "page"]


def test_a_screenshot_that_was_killed_at_any_step_leaves_no_browser(
    instance: Instance, image: str, sample_repository: str
) -> None:
    instance.ok("create_template", name="walk", odoo_image=image)
    wanted = {"name": "walk", "template": "walk", "repo_url": sample_repository}
    made = instance.ok("create_environment", **wanted)
    plan, before = plan_of(instance, "walk"), world(instance)

    def is_clean() -> bool:
        return world(instance) == before and not plan.browser_mark.exists()

    with KillWalk(instance) as walk:
        for point in points(SCREENSHOT, STEPS):
            walk.kill_at(point, "POST", PATH, **WANTED)
            walk.eventually(lambda: serves(made["url"]), point)
            walk.eventually(is_clean, point)
        walk.kill_during("page", 1.0, "POST", PATH, **WANTED)
        walk.eventually(is_clean, "while the page is loaded")
    assert instance.ok("take_screenshot", name="walk", path="/web", user="admin")["status"] == 200
    instance.ok("delete_environment", name="walk")
    instance.ok("delete_template", name="walk")


@pytest.fixture
def image() -> Iterator[str]:
    """A further tag of an image, and one with a browser that is made of it."""
    tag = f"odoo:19.0-walk-{os.getpid()}"
    docker("tag", "odoo:19.0", tag)
    try:
        build_image(BROWSER, f"{tag}{BROWSER_SUFFIX}", lambda _line: None)
        yield tag
    finally:
        for each in (f"{tag}{BROWSER_SUFFIX}", tag):
            if docker("images", "--quiet", each).strip():
                docker("rmi", each)
