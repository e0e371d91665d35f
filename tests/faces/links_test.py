"""Links that sign a browser in to an environment, each of which works once."""

from datetime import timedelta
from typing import Any

import pytest

from oduflow.domain.clock import now
from tests.support.fakes import ONE_TEAM, FakeEnvironments, World, make_world
from tests.support.store_rows import session_link

SAME = {"Sec-Fetch-Site": "same-origin"}
VALUE = session_link().value


def test_a_link_is_opened_by_a_button_and_only_shown_by_its_address(world: World) -> None:
    path = made(world)
    first, again = (world.client().get(path) for _ in range(2))
    opened = world.client().post(path, headers=SAME)

    assert (first.status_code, again.status_code, opened.status_code) == (200, 200, 303)
    assert "Sign in to sale as demo" in first.text
    assert "token:1 made this link" in first.text
    assert opened.headers["Location"] == "http://localhost:20001/web"


def test_the_session_is_in_a_cookie_that_no_script_reads_and_in_nothing_else(world: World) -> None:
    path = made(world)
    page = world.client().get(path)
    opened = world.client().post(path)

    pair, *flags = opened.headers["Set-Cookie"].split("; ")
    assert pair == f"session_id_20001={VALUE}"
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(flags)
    others = [value for name, value in opened.headers.items() if name != "Set-Cookie"]
    assert VALUE not in page.text + str(page.headers) + opened.text + str(others)
    assert opened.headers["Cache-Control"] == page.headers["Cache-Control"] == "no-store"


def test_a_link_works_once(world: World) -> None:
    path = made(world)
    answers = [world.client().post(path) for _ in range(2)]
    shown = world.client().get(path)

    assert [each.status_code for each in answers] == [303, 404]
    assert "Set-Cookie" not in answers[1].headers
    assert shown.status_code == 404
    assert "Ask for another one" in shown.text


@pytest.mark.parametrize(
    "changes",
    [
        {"opens_until": now() - timedelta(seconds=1)},
        {"environment": "id-of-one-that-was-deleted"},
        {"team": "2"},
        {"name": "another"},
    ],
)
def test_a_link_that_leads_nowhere_any_more_gives_no_session(world: World, changes: Any) -> None:
    path = made(world, **changes)
    answers = [world.client().get(path), world.client().post(path)]

    assert [each.status_code for each in answers] == [404, 404]
    assert VALUE not in str([dict(each.headers) for each in answers])


def test_a_page_of_another_site_cannot_open_a_link(world: World) -> None:
    path = made(world)
    refused = world.client().post(path, headers={"Sec-Fetch-Site": "cross-site"})

    assert refused.status_code == 403
    assert world.client().post(path, headers=SAME).status_code == 303


def test_the_form_may_lead_to_the_environment_and_nowhere_else(world: World) -> None:
    policy = world.client().get(made(world)).headers["Content-Security-Policy"]

    assert policy.endswith("; form-action 'self' http://localhost:20001")
    assert "frame-ancestors 'none'" in policy


def test_what_a_link_names_is_no_markup(world: World) -> None:
    page = world.client().get(made(world, login="<img src=x hx-get=/y>"))

    assert "<img src=x" not in page.text
    assert "&lt;img src=x" in page.text


def test_who_opened_what_is_audited_without_the_token(world: World) -> None:
    path = made(world)
    world.client().post(path)
    world.client().post(path)

    rows = [(row.operation, str(row.outcome), dict(row.fields)) for row in world.audit.strangers]
    assert rows == [
        ("open_link", "ok", {"name": "sale", "login": "demo"}),
        ("open_link", "not_found", {}),
    ]


@pytest.fixture
def world() -> World:
    return make_world(ONE_TEAM, environments=FakeEnvironments({("1", "sale"): "id-1-sale"}))


def made(world: World, **changes: Any) -> str:
    """Make a link, and return its path."""
    return f"/open/{world.links.add(session_link(**changes))}"
