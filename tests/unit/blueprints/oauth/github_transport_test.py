"""What Flask-Dance and its session send goes through the way to GitHub, whole."""

import pytest

from oduflow.blueprints.oauth.github_transport import GitHubTransport
from oduflow.domain.errors import UpstreamFailed
from tests.support.scripted_github import sign_in


def test_the_exchange_of_the_code_is_a_form_and_the_user_is_asked_for_with_the_token():
    walk = sign_in()

    walk.code()

    (token, user) = walk.github.asked
    assert token[:2] == ("POST", "http://127.0.0.1:9/login/oauth/access_token")
    assert token[3]["code"] == "from-github"
    assert int(token[2]["Content-Length"]) > 0
    assert user[:2] == ("GET", "http://127.0.0.1:9/api/v3/user")
    assert user[2]["Authorization"] == "Bearer gho_secret"
    assert user[3] == {}


@pytest.mark.parametrize("content", [b"<html>", b"", b"\xff", b"[1]"])
def test_an_answer_that_is_none_of_githubs_is_told_and_signs_no_one_in(content):
    walk = sign_in()
    state = walk.to_github()["state"]
    walk.world.oauth.github = lambda *_: (200, {"Content-Type": "text/html"}, content)

    assert walk.back(state).status_code == 502


def test_a_github_that_does_not_answer_in_time_is_told():
    walk = sign_in()
    state = walk.to_github()["state"]

    def silent(*_: object) -> tuple[int, dict[str, str], bytes]:
        raise UpstreamFailed("GitHub did not answer this server.", "Begin again.")

    walk.world.oauth.github = silent
    answer = walk.back(state)

    assert (answer.status_code, answer.location) == (502, None)
    assert "GitHub did not answer this server." in answer.text


def test_closing_it_does_nothing():
    GitHubTransport(sign_in().github).close()
