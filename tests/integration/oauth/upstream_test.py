"""GitHub does not do its part: a person reads what happened, and nothing is half-done."""

import time

import pytest

from tests.support.fake_github import FakeGitHub
from tests.support.oauth_world import OAuthWorld


@pytest.mark.parametrize("kind", ["error", "garbage"])
@pytest.mark.parametrize("place", ["token", "user"])
def test_who_signs_in_is_told_that_github_failed(
    world: OAuthWorld, github: FakeGitHub, place: str, kind: str
):
    github.troubles[place] = kind
    walk = world.walk("octocat")
    walk.register()
    answer = walk.callback(walk.github(walk.consent(walk.authorize())))
    assert answer.status_code == 502
    assert "GitHub" in answer.text
    assert "Unicorn" not in answer.text
    assert "Traceback" not in answer.text
    assert "Location" not in answer.headers
    github.troubles.clear()
    assert walk.sign_in()["access_token"]


@pytest.mark.parametrize("kind", ["drip", "hang"])
@pytest.mark.parametrize("place", ["token", "user"])
def test_a_github_that_hangs_or_is_slow_holds_a_sign_in_for_seconds_only(
    world: OAuthWorld, github: FakeGitHub, place: str, kind: str
):
    github.troubles[place] = kind
    walk = world.walk("octocat")
    walk.register()
    begun = time.monotonic()
    answer = walk.callback(walk.github(walk.consent(walk.authorize())))
    assert answer.status_code == 502
    assert time.monotonic() - begun < 20


def test_an_unknown_code_of_github_is_no_sign_in(world: OAuthWorld, github: FakeGitHub):
    walk = world.walk("octocat")
    walk.register()
    back = walk.github(walk.consent(walk.authorize()))
    answer = walk.callback(back.replace("code=", "code=00"))
    assert answer.status_code in {400, 502}
    assert "Location" not in answer.headers
