"""Signing in as another user, and screenshots, on the environment's page."""

import pytest

from oduflow.domain.errors import NotFound
from oduflow.domain.outcome import Outcome
from oduflow.domain.screenshot import ScreenshotView
from tests.support import dashboard_world
from tests.support.dashboard_world import BLUE, make_dashboard
from tests.support.ledger_handlers import LINK_TOKEN, SESSION
from tests.support.pages import read_page

HTMX = {**BLUE, "HX-Request": "true"}
PATH = "/environments/demo/session"


@pytest.mark.parametrize("headers", [BLUE, HTMX])
def test_a_session_is_shown_as_a_link_and_a_cookie(dashboard, headers):
    world, _ = dashboard
    page = read_page(world.client().post(PATH, data={"login": "demo"}, headers=headers).text)

    link = next(each for each in page.all("a") if LINK_TOKEN in each["href"])
    assert (link.text, link["target"]) == ("Open as demo", "_blank")
    assert f"session_id_20001={SESSION}" in page.text
    assert SESSION not in world.client().get("/environments/demo", headers=BLUE).text


def test_a_session_without_a_link_says_why(dashboard):
    world, _ = dashboard
    page = world.client().post(PATH, data={"login": "remote"}, headers=HTMX).text

    assert "There is no link: hosts." in page
    assert "Open as" not in page


def test_a_user_that_there_is_not_is_told_on_the_page(dashboard):
    world, ledger = dashboard
    ledger.failures["connect_as_user"] = NotFound("demo has no user “eve”.", "Some: admin.")
    answer = world.client().post(PATH, data={"login": "eve"}, headers=HTMX)

    part = read_page(answer.text)
    assert part.one("div", role="alert").text.startswith("Not found. demo has no user “eve”.")


def test_without_a_login_the_form_is_refused(dashboard):
    world, _ = dashboard
    answer = world.client().post(PATH, data={}, headers=HTMX)

    assert "login" in read_page(answer.text).one("div", role="alert").text


def test_a_running_environment_offers_a_screenshot_and_its_job_shows_it(dashboard):
    world, _ = dashboard
    client = world.client()
    page = read_page(client.get("/environments/demo", headers=BLUE).text)
    (link,) = [each for each in page.all("a") if each.text.startswith("Screenshot…")]
    form = read_page(client.get(link["href"], headers=BLUE).text)
    assert {"path", "user", "width", "height"} <= {
        each["name"] for each in form.all("input") if "name" in each.attributes
    }
    sent = client.post(link["href"], data={"path": "/web"}, headers=BLUE)
    job = next(iter(world.job_rows.rows))
    world.runner.jobs.wait("1", job, 10)

    assert sent.status_code == 303
    shown = read_page(client.get(f"/jobs/{job}", headers=BLUE).text)
    (picture,) = shown.all("img", class_="picture")
    assert client.get(picture["src"], headers=BLUE).data == b"PNG"


def take_screenshot(ledger, call, args):
    view = ScreenshotView(url="http://localhost:20001/web", status=200, title="Odoo", seconds=2.5)
    return Outcome(view, "/web of demo was loaded in 2.5 s.", image=b"PNG")


@pytest.fixture
def dashboard(monkeypatch):
    monkeypatch.setitem(dashboard_world.HANDLERS, "take_screenshot", take_screenshot)
    world, ledger = make_dashboard()
    ledger.add("demo")
    return world, ledger
