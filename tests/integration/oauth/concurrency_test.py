"""SECURITY.md, OAuth 9: many people at once, and each of them stays who they are."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.fake_github import FakeGitHub
from tests.support.oauth_world import OAuthWorld

pytestmark = pytest.mark.timeout(240)

LOGINS, AT_ONCE = 120, 16


def test_of_120_sign_ins_of_two_people_at_once_none_is_swapped(
    world: OAuthWorld, github: FakeGitHub
):
    github.slow = {"octocat": 0.02, "dev1": 0.005}  # so that they overtake each other
    client = world.walk()
    assert client.register().status_code == 201

    def sign_in(number: int) -> tuple[str, str]:
        login = ("octocat", "dev1")[number % 2]
        walk = world.walk(login, client=client.client)
        token = walk.sign_in()["access_token"]
        return login, subject(world, token)

    begun = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        met = list(pool.map(sign_in, range(LOGINS)))
    assert [known for _, known in met] == [login for login, _ in met]
    assert time.monotonic() - begun < 200


def test_one_browser_signs_in_two_clients_in_two_tabs(world: OAuthWorld):
    first = world.walk("octocat")
    second = world.walk("octocat", redirect_uri="http://127.0.0.1:8/callback")
    second.browser = first.browser
    first.register()
    second.register()
    pages = [walk.authorize() for walk in (first, second)]
    backs = [
        walk.github(walk.consent(page)) for walk, page in zip((first, second), pages, strict=True)
    ]
    for walk, back in reversed(list(zip((first, second), backs, strict=True))):
        assert walk.redeem(walk.code(walk.callback(back))).status_code == 200


def subject(world: OAuthWorld, token: str) -> str:
    actors = [verifier.verify(token, "/mcp") for verifier in world.services.verifiers]
    (actor,) = filter(None, actors)
    return str(actor.subject)
