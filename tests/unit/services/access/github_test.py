from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.clock import now
from oduflow.domain.errors import Forbidden, Unauthenticated
from oduflow.domain.oauth import Code, Login, TokenBinding, TokenPair, hash_of
from oduflow.services.access.github import GithubAuthenticator
from oduflow.settings import parse
from tests.support.clocks import ShiftedClock
from tests.support.fakes import FakeEnvironments
from tests.support.oauth_stores import TemporaryOAuthStores

BASE = "https://o.example"
OCTOCAT = Login("OctoCat", "583231")
SERVER = f"""\
[server]
oauth_client_id = "app"
oauth_client_secret = "app-secret"
oauth_base_url = "{BASE}"
"""
BLUE = '[team.1]\ngithub_users = ["octocat"]\n'
RED = '[team.2]\ngithub_users = ["octocat", "dev1"]\n'


def test_an_access_token_tells_who_it_is(people):
    assert people("token") == Actor("1", ActorKind.OAUTH, "OctoCat", subject_id="583231")


@pytest.mark.parametrize("token", ["other", "", "refresh", "gho_0123456789abcdef"])
def test_any_other_access_token_names_no_login(people, token):
    assert people(token) is None


@pytest.mark.parametrize("path", ["/mcp/", "/", "/api", "/mcp/Sale", "/mcp/sale/x"])
def test_a_token_for_mcp_is_refused_elsewhere(people, path):
    with pytest.raises(Unauthenticated, match="not for this address") as refused:
        people("token", path)

    assert f"{BASE}/mcp;" in refused.value.hint


def test_a_token_for_mcp_is_good_at_the_path_of_each_environment(people):
    """Clients that send no resource, or the server's URL, get one for /mcp."""
    assert people("token", "/mcp/sale") == people("token", "/mcp")


@pytest.mark.parametrize("path", ["/mcp", "/mcp/b", "/api"])
def test_a_token_for_one_environment_is_good_there_only(people, path):
    people.environments.ids["1", "sale"] = "a" * 12
    give(people.parts, "narrow", resource=f"{BASE}/mcp/sale", environment="a" * 12)

    assert people("narrow", "/mcp/sale")
    with pytest.raises(Unauthenticated, match="not for this address"):
        people("narrow", path)


def test_a_token_for_one_environment_dies_with_it_also_when_its_name_is_given_again(people):
    give(people.parts, "narrow", resource=f"{BASE}/mcp/sale", environment="a" * 12)

    for there in ({}, {("1", "sale"): "b" * 12}, {("2", "sale"): "a" * 12}):
        people.environments.ids = there
        with pytest.raises(Unauthenticated, match="is gone"):
            people("narrow", "/mcp/sale")


def test_a_token_for_an_environment_that_was_not_there_is_not_for_the_one_that_comes(people):
    give(people.parts, "early", resource=f"{BASE}/mcp/mcp")
    assert people("early", "/mcp/mcp")

    people.environments.ids["1", "mcp"] = "a" * 12

    with pytest.raises(Unauthenticated):
        people("early", "/mcp/mcp")


def test_a_token_dies_after_an_hour_and_is_told_from_a_guess(people):
    people.parts.clock.ahead = timedelta(hours=1)

    with pytest.raises(Unauthenticated, match="expired"):
        people("token")


def test_who_is_removed_is_denied_with_the_next_call(people):
    people.toml = SERVER + BLUE.replace("octocat", "dev1") + RED

    with pytest.raises(Forbidden, match=r"^Access Denied$"):
        people("token")


def test_a_removed_login_and_the_former_owner_of_a_name_are_valid_no_more(people):
    actor = people("token")
    assert people.verifier.still_valid(actor)
    assert not people.verifier.still_valid(replace(actor, subject_id="1"))

    people.toml = SERVER + BLUE.replace("octocat", "dev1") + RED

    assert not people.verifier.still_valid(actor)
    assert people.verifier.still_valid(replace(actor, kind=ActorKind.TOKEN))


def test_who_is_only_in_another_team_is_denied(people):
    people.toml = SERVER + '[team.1]\ngithub_users = ["dev1"]\n' + RED

    with pytest.raises(Forbidden):
        people("token")


def test_a_team_that_is_gone_takes_its_tokens_along(people):
    people.toml = SERVER + RED

    assert people("token") is None


def test_a_token_of_a_forgotten_login_opens_nothing(people):
    people.parts.logins.forget("octocat")

    assert people("token") is None


def test_a_token_of_the_one_who_had_the_name_before_is_denied(people):
    give(people.parts, "before", login=Login("octocat", "1"))

    with pytest.raises(Forbidden):
        people("before")


def test_without_oauth_no_token_opens_anything(people):
    people.toml = BLUE

    assert people("token") is None


def test_a_server_under_another_url_takes_none_of_them(people):
    people.toml = SERVER.replace(BASE, "https://p.example") + BLUE

    with pytest.raises(Unauthenticated, match="not for this address"):
        people("token")


@pytest.mark.parametrize(
    ("toml", "stays"),
    [
        (SERVER + BLUE, True),
        (SERVER + "[team.1]\n", True),
        (SERVER + BLUE.replace("octocat", "dev1"), False),
        (SERVER + RED, False),
        (BLUE, False),
    ],
    ids=["listed", "any login", "removed", "team gone", "oauth off"],
)
def test_a_stream_stays_open_only_while_its_owner_may_sign_in(people, toml, stays):
    actor = people("token")
    people.toml = toml

    assert people.verifier.still_valid(actor) is stays


def test_a_stream_of_a_forgotten_login_does_not_stay_open(people):
    actor = people("token")
    people.parts.logins.forget("octocat")

    assert not people.verifier.still_valid(actor)


def test_an_actor_without_a_github_login_is_not_checked(people):
    people.toml = SERVER + RED

    assert people.verifier.still_valid(Actor("1", ActorKind.TOKEN, "auth_token"))


class People:
    """The verifier, its store, and a configuration that a test can change."""

    def __init__(self, parts: TemporaryOAuthStores) -> None:
        self.parts = parts
        self.toml = SERVER + BLUE
        self.environments = FakeEnvironments()
        self.verifier = GithubAuthenticator(
            lambda: parse(self.toml), parts.tokens, parts.logins, self._id
        )

    def _id(self, team: str, name: str) -> str | None:
        return self.environments.ids.get((team, name))

    def __call__(self, token: str, path: str = "/mcp") -> Actor | None:
        return self.verifier.verify(token, path)


def give(parts: TemporaryOAuthStores, token: str, **given) -> None:
    binding: dict[str, Any] = {
        "family": token,
        "client_id": "c",
        "team": "1",
        "login": OCTOCAT,
        "scope": "mcp",
        "resource": f"{BASE}/mcp",
    }
    moment = now() + timedelta(minutes=1)
    parts.tokens.add_code(
        Code(token, TokenBinding(**binding | given), "https://a.example/", "x", moment)
    )
    assert parts.tokens.redeem(token, "c", TokenPair(hash_of(token), hash_of("refresh" + token)))


@pytest.fixture
def people():
    made = People(TemporaryOAuthStores(ShiftedClock()))
    made.parts.logins.bind(OCTOCAT)
    give(made.parts, "token")
    return made
