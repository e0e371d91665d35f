"""SECURITY.md, OAuth 12: no secret of a sign-in reaches a log, at any level."""

import logging
from collections.abc import Iterator

import pytest

from tests.support.fake_github import CLIENT_SECRET, FakeGitHub
from tests.support.oauth_walk import query_of
from tests.support.oauth_world import OAuthWorld


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Hear every logger there is, down to DEBUG, as an operator who turns all of it on does."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


def test_no_secret_of_a_sign_in_is_logged(
    world: OAuthWorld, github: FakeGitHub, everything: pytest.LogCaptureFixture
):
    walk = world.walk("octocat")
    walk.register(token_endpoint_auth_method="client_secret_post")
    consent = walk.authorize()
    to_github = walk.to_github(walk.consent(consent))
    back = walk.browser.get(to_github).headers["Location"]
    code = walk.code(walk.callback(back))
    secret = walk.client["client_secret"]
    tokens = walk.redeem(code, client_secret=secret).json()
    walk.call(tokens["access_token"])
    again = walk.refresh(tokens["refresh_token"], client_secret=secret).json()
    walk.redeem(code, client_secret=secret)
    walk.refresh("wrong-refresh-token", client_secret=secret)
    walk.call("wrong-access-token")
    github.troubles["user"] = "error"
    walk.callback(walk.github(walk.consent(walk.authorize())))

    (github_token, *_) = github.tokens
    hidden = [
        CLIENT_SECRET,
        github_token,
        secret,
        code,
        *query_of(back).values(),
        *(pair[name] for pair in (tokens, again) for name in ("access_token", "refresh_token")),
        *walk.browser.cookies.get_dict(domain="localhost.local").values(),
        walk.pkce.verifier,
        "wrong-refresh-token",
        "wrong-access-token",
    ]
    told = "\n".join(
        f"{record.getMessage()} {record.args} {record.exc_text or ''}"
        for record in everything.records
        if not record.name.startswith("urllib3")  # the test's own client talks through it, too
    )
    assert len(hidden) >= 12
    assert [text for text in hidden if text in told] == []


def test_nor_does_our_own_request_to_github_show_one_in_its_url(
    world: OAuthWorld, github: FakeGitHub
):
    """A proxy on the way may log the URL of every request: secrets go in bodies and headers."""
    world.walk("octocat").sign_in()
    assert len(github.tokens) == 1
    assert (github.queries["token"], github.queries["user"]) == ([""], [""])
