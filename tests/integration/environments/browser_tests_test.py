"""Tests that need a browser: skipped and told, then run in an image that is built for them."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from oduflow.adapters.docker.build import BROWSER, BROWSER_OF, BROWSER_SUFFIX, build_image
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.images import Images
from oduflow.domain.errors import UpstreamFailed
from tests.support.git_server import GitServer
from tests.support.images import VERSIONS
from tests.support.instances import Instance
from tests.support.tested_module import FILES
from tests.support.variants import docker

pytestmark = pytest.mark.timeout(900)

TOURS = """from odoo.tests.common import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestTours(HttpCase):
    def test_broken(self):
        self.start_tour("/web", "no_such_tour", login="admin", timeout=20)

    def test_login_page(self):
        self.browser_js(
            "/web/login",
            "console.log(document.forms.length > 0 ? 'test successful' : 'no form')",
        )
"""


def test_tests_that_need_a_browser_are_skipped_and_told_until_there_is_one(
    product: Instance, git: GitServer, image: str
) -> None:
    name, with_browser = "tours", f"{image}{BROWSER_SUFFIX}"
    product.ok("create_template", name=name, odoo_image=image)
    url = git.repository(name, {"main": FILES | {"sound/tests/test_sound.py": TOURS}})
    product.ok("create_environment", name=name, template=name, repo_url=url, modules=["sound"])

    skipped: Any = product.call("run_tests", "blue", name=name, modules=["sound"])
    assert skipped.data.counts.skipped == 2
    (warning,) = skipped.warnings
    assert warning.startswith(f"2 tests were skipped because {image} has no browser that runs")
    assert f"`oduflow images build {with_browser}`" in warning

    build_image(BROWSER, with_browser, lambda _line: None)
    ran: Any = product.call("run_tests", "blue", name=name, modules=["sound"])
    assert ran.warnings == (), ran
    (failure,) = ran.data.failures
    assert failure.test == "/sound:TestTours.test_broken"
    assert "no_such_tour" in failure.message
    assert (ran.data.counts.passed, ran.data.counts.skipped) == (1, 0)
    product.ok("delete_environment", name=name)
    product.ok("delete_template", name=name)
    images = Images(Engine(), build_image)
    own, made = images.facts(image), images.facts(with_browser)
    assert made.environment[BROWSER_OF] == own.id
    assert (made.uid, made.gid, made.volumes) == (own.uid, own.gid, own.volumes)


def test_an_image_that_is_not_there_is_named() -> None:
    with pytest.raises(UpstreamFailed, match=r"Image odoo:1\.0 is not on"):
        build_image(BROWSER, f"odoo:1.0{BROWSER_SUFFIX}", lambda _line: None)


@pytest.fixture(params=VERSIONS[::-1])
def image(request: pytest.FixtureRequest) -> Iterator[str]:
    """A further tag of an image, of which there is none with a browser."""
    tag = f"odoo:{request.param}-test-{os.getpid()}"
    docker("tag", f"odoo:{request.param}", tag)
    yield tag
    for each in (f"{tag}{BROWSER_SUFFIX}", tag):
        if docker("images", "--quiet", each).strip():
            docker("rmi", each)
