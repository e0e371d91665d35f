"""SECURITY.md, OAuth 11: `github_users` counts as the configuration's file says now.

The file is looked at once a second, so what changed counts soon, not with the very next call.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, cast

import pytest

from oduflow.blueprints.mcp.bridge import CHECK_SECONDS, FAILED_CHECKS
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.names import new_id
from oduflow.kernel.call import Origin
from oduflow.services.access.removed_teams import revoke_removed_teams
from oduflow.services.live_settings import POLL_SECONDS as LIVE_SECONDS
from oduflow.services.live_settings import SETTLE_SECONDS
from oduflow.settings import parse
from tests.support.fake_github import FakeGitHub, fake_github
from tests.support.fakes import BLUE_TOKEN, RED_TOKEN
from tests.support.mcp_world import McpWorld, eventually
from tests.support.oauth_world import BLUE, RED, OAuthWorld, oauth_world

SOON = 4.0  # a look each second, a moment of rest for the file, two looks of an open stream
TEAMS = BLUE + RED
NEW_RED_TOKEN = RED.replace(RED_TOKEN, "another-token-0123456789")
WITHOUT_OCTOCAT = TEAMS.replace('"octocat", ', "")


def test_who_is_removed_from_the_list_is_out(world: OAuthWorld):
    walk = world.walk("octocat")
    tokens = walk.sign_in()
    assert walk.call(tokens["access_token"]).status_code == 200
    world.configure(WITHOUT_OCTOCAT)
    eventually(lambda: walk.call(tokens["access_token"]).status_code != 200, SOON)
    answer = walk.call(tokens["access_token"])
    assert answer.status_code == 403
    assert "Access Denied" in answer.text
    refused = walk.refresh(tokens["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    again = walk.callback(walk.github(walk.consent(walk.authorize())))
    assert again.status_code == 403


def test_a_team_that_comes_back_finds_no_old_credential_alive_after_a_look(
    world: OAuthWorld, github: FakeGitHub
):
    github.people["admin2"] = 77
    walk = world.walk("admin2")
    tokens, grant = walk.sign_in(), made_grant(world, "red")
    code = walk.sign_in_to_code()
    kept = world.walk("octocat").sign_in()["access_token"], made_grant(world, "blue")
    world.configure(BLUE)
    revoke(world)

    world.configure(TEAMS)

    for token in (tokens["access_token"], grant):
        assert walk.call(token).status_code == 401
    assert walk.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert walk.redeem(code).json()["error"] == "invalid_grant"
    assert [walk.call(token).status_code for token in kept] == [200, 200]


@pytest.mark.parametrize(
    "broken",
    ["", "[team.blue]\nname = ", "[server]\nport = 8000\n", BLUE + '[team.red]\nauth_token = "'],
)
def test_a_file_that_cannot_be_used_removes_no_team(
    world: OAuthWorld, github: FakeGitHub, broken: str
):
    github.people["admin2"] = 77
    walk = world.walk("admin2")
    tokens = (walk.sign_in()["access_token"], made_grant(world, "red"))
    world.config.write_text(broken)
    time.sleep(LIVE_SECONDS + SETTLE_SECONDS)

    revoke(world)

    assert [walk.call(token).status_code for token in tokens] == [200, 200]


@pytest.mark.parametrize(
    ("who", "left"),
    [("octocat", WITHOUT_OCTOCAT), ("red", BLUE), ("red", BLUE + NEW_RED_TOKEN)],
    ids=["person", "team", "token"],
)
def test_an_open_stream_ends_with_its_owners_place_in_the_file(
    world: OAuthWorld, who: str, left: str
):
    served = McpWorld(cast("Any", None), f"{world.url}/mcp")
    ends = RED_TOKEN if who == "red" else world.walk(who).sign_in()["access_token"]
    stay = (world.walk("dev1").sign_in(team="blue")["access_token"], BLUE_TOKEN)
    limiter = world.app.extensions["oduflow"].wait_limiter
    with ExitStack() as kept:
        for token in stay:
            kept.enter_context(served.session(token).get(served.url, stream=True, timeout=10))
        stream = kept.enter_context(served.session(ends).get(served.url, stream=True, timeout=10))
        chunks = stream.iter_content(None)  # one: an iterator that is dropped closes the stream
        assert next(chunks).startswith(b": open")
        world.configure(left)
        assert list(chunks) == []
        eventually(lambda: limiter.taken == len(stay), SOON)
        time.sleep(CHECK_SECONDS * (FAILED_CHECKS + 1))
        assert limiter.taken == len(stay), "the others were ended too"


def test_an_open_stream_ends_with_its_revoked_token_and_others_go_on(world: OAuthWorld):
    served = McpWorld(cast("Any", None), f"{world.url}/mcp")
    walk = world.walk("octocat")
    token = walk.sign_in()["access_token"]
    kept = served.session(world.walk("dev1").sign_in(team="blue")["access_token"])
    with (
        kept.get(served.url, stream=True, timeout=10),
        served.session(token).get(served.url, stream=True, timeout=10) as stream,
    ):
        chunks = stream.iter_content(None)
        assert next(chunks).startswith(b": open")
        sent = {"token": token, "client_id": walk.client_id}
        assert walk.http.post(f"{world.url}/revoke", data=sent).status_code == 200
        assert list(chunks) == []
        time.sleep(CHECK_SECONDS * (FAILED_CHECKS + 1))
        assert world.app.extensions["oduflow"].wait_limiter.taken == 1, "the other was ended too"


def test_a_login_that_is_added_to_the_list_signs_in_without_a_restart(
    world: OAuthWorld, github: FakeGitHub
):
    github.people["newcomer"] = 7
    walk = world.walk("newcomer")
    assert walk.register().status_code == 201
    stranger = walk.callback(walk.github(walk.consent(walk.authorize())))
    assert stranger.status_code == 403
    world.configure(TEAMS.replace('"octocat"', '"newcomer", "octocat"'))
    users = lambda: world.services.live.current().teams["blue"].github_users  # noqa: E731
    eventually(lambda: "newcomer" in users(), SOON)
    assert walk.call(walk.sign_in()["access_token"]).status_code == 200


def test_a_broken_configuration_changes_nothing_and_stops_no_session(
    world: OAuthWorld, caplog: pytest.LogCaptureFixture
):
    walk = world.walk("octocat")
    tokens = walk.sign_in()
    with caplog.at_level(logging.WARNING):
        world.config.write_text("[team.blue\n")
        ask = lambda: walk.call(tokens["access_token"]).status_code  # noqa: E731
        eventually(lambda: ask() != 200 or "stays in force" in caplog.text, SOON)
    assert "stays in force" in caplog.text
    assert ask() == 200


def made_grant(world: OAuthWorld, team: str) -> str:
    arguments = {"name": f"g-{new_id()}", "all_environments": True}
    actor = Actor(team, ActorKind.BASIC, "admin")
    made = world.services.runner.call("create_grant", arguments, actor, Origin("test"))
    return str(made.data.secret)


@pytest.fixture(scope="module")
def github() -> Iterator[FakeGitHub]:
    with fake_github() as made:
        yield made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, github: FakeGitHub) -> Iterator[OAuthWorld]:
    with oauth_world(tmp_path_factory.mktemp("live"), github, TEAMS) as made:
        yield made


@pytest.fixture
def world(served: OAuthWorld) -> OAuthWorld:
    """Give every test the same server, under the configuration that it started with."""
    served.configure(TEAMS)
    wanted = parse(TEAMS).teams
    eventually(lambda: served.services.live.current().teams == wanted, SOON)
    return served


def revoke(world) -> None:
    """Do what each round of the reconcile loop does first."""
    rows = world.services.deps.store
    revoke_removed_teams(rows.grants, rows.tokens, world.services.live.current().teams.keys())
