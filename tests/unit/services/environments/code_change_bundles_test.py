"""Bundles of scripts and styles count as made only where each of them was proven."""

import pytest

from oduflow.domain.odoo_log import READINESS_PATH
from oduflow.domain.readiness import WebPage
from tests.support.code_changes import FIELD_ADDED, STYLE_CHANGED, WITH_FRESH, make, push, row

BUNDLE = ("web.assets_web", True, True, "")
CSS, JS = (f"/web/assets/0/web.assets_web.min.{kind}" for kind in ("css", "js"))
UPGRADED = {**FIELD_ADDED, **STYLE_CHANGED}
LOGIN, LINKED = READINESS_PATH, "/web/assets/12/web.assets_frontend.min.css"


def test_a_style_is_compiled_by_a_second_odoo_and_served_without_a_restart(world, running):
    world.odoo.made = [BUNDLE]
    push(world, STYLE_CHANGED)

    told = running.ok("pull_and_apply", name="sale")

    assert told.actions == ("reloaded its caches", "rebuilt the bundles web.assets_web")
    assert world.odoo.changes == [("apply", ())]


@pytest.mark.parametrize("changes", [STYLE_CHANGED, UPGRADED, WITH_FRESH])
def test_a_style_that_cannot_be_compiled_is_a_failure_with_any_kind_of_change(
    world, running, changes
):
    world.odoo.made = [("web.assets_frontend", True, True, ""), (*BUNDLE[:3], "no such variable")]
    before = row(running)
    push(world, changes)

    error = running.refused("pull_and_apply", name="sale")

    assert error.message == "The bundle web.assets_web cannot be made: no such variable"
    assert row(running) == before


@pytest.mark.parametrize("changes", [STYLE_CHANGED, UPGRADED])
def test_an_odoo_that_tells_nothing_of_its_bundles_is_a_failure(world, running, changes):
    world.odoo.made = None
    push(world, changes)

    error = running.refused("pull_and_apply", name="sale")

    assert error.message == "The changes were not applied: Odoo told nothing of its bundles."


@pytest.mark.parametrize("path", [CSS, JS, LOGIN])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "Odoo did not answer a request for"),
        (WebPage(404, b""), "with status 404."),
        (WebPage(500, b""), "with status 500."),
    ],
)
def test_a_bundle_that_is_not_served_is_a_failure(world, running, path, answer, said):
    world.odoo.made, world.odoo.pages = [BUNDLE], {path: answer}
    before = row(running)
    push(world, STYLE_CHANGED)

    error = running.refused("pull_and_apply", name="sale")

    assert said in error.message
    assert (row(running).commit, row(running).applying) == (before.commit, None)


def test_a_bundle_that_redirects_to_nowhere_or_has_broken_styles_is_a_failure(world, running):
    world.odoo.made = [BUNDLE]
    push(world, STYLE_CHANGED)
    world.odoo.pages = {CSS: WebPage(303, b"", "/web/login")}
    assert "with status 303." in running.refused("pull_and_apply", name="sale").message
    world.odoo.pages = {CSS: WebPage(200, b"/* css_error_message */")}
    error = running.refused("pull_and_apply", name="sale")
    assert error.message == "Odoo serves web.assets_web with styles that cannot be compiled."


def test_bundles_that_the_login_page_links_are_requested_too(world, running):
    linked = f'<link href="{LINKED}"/>'.encode()
    world.odoo.pages = {LOGIN: WebPage(200, linked), LINKED: WebPage(500, b"")}
    world.odoo.made = [BUNDLE]
    push(world, STYLE_CHANGED)

    error = running.refused("pull_and_apply", name="sale")

    assert error.message == f"Odoo answered a request for {LINKED} with status 500."


def test_a_bundle_without_styles_is_not_asked_for_them(world, running):
    world.odoo.made = [("sale.tools", False, True, "")]
    world.odoo.pages = {"/web/assets/0/sale.tools.min.css": WebPage(404, b"")}
    push(world, STYLE_CHANGED)

    assert running.ok("pull_and_apply", name="sale").actions[-1].endswith("sale.tools")


@pytest.fixture
def running(world, process):
    return make(world, process)
