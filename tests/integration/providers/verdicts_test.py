"""What GitHub, GitLab and Bitbucket say of a credential, as each of them says it."""

import base64
from datetime import UTC, datetime

import pytest

from oduflow.adapters.providers.api import Api
from oduflow.adapters.providers.bitbucket import Bitbucket
from oduflow.adapters.providers.github import GitHub
from oduflow.adapters.providers.gitlab import GitLab
from tests.support.fake_provider import Said

TAIL = "A1b2C3d4E5f6G7h8I9j0"
CLASSIC, FINE_GRAINED = f"ghp_{TAIL}", f"github_pat_{TAIL}"
END = "github-authentication-token-expiration"
SELF = "/personal_access_tokens/self"


@pytest.fixture
def github(api: Api) -> GitHub:
    return GitHub("github.com", api)


@pytest.fixture
def gitlab(api: Api) -> GitLab:
    return GitLab("gitlab.com", api)


@pytest.fixture
def bitbucket(api: Api) -> Bitbucket:
    return Bitbucket("bitbucket.org", api)


def test_github_tells_login_scopes_and_expiry_of_a_classic_token(provider, github):
    headers = {"X-OAuth-Scopes": "repo, read:org", END: "2099-12-01 10:00:00 UTC"}
    provider.say("/user", Said(200, {"login": "octocat"}, headers))

    said = github.validate("me", CLASSIC)

    assert (said.state, said.login, said.token_kind) == ("valid", "octocat", "classic")
    assert said.scopes == ("repo", "read:org")
    assert said.expires_at == datetime(2099, 12, 1, 10, tzinfo=UTC)
    assert provider.asked[0][1]["authorization"] == f"Bearer {CLASSIC}"


def test_github_tells_a_fine_grained_token_from_a_classic_one(provider, github):
    provider.say("/user", Said(200, {"login": "octocat"}, {END: "2099-12-01 10:00:00 +0200"}))

    said = github.validate("me", FINE_GRAINED)

    assert (said.state, said.token_kind, said.scopes) == ("valid", "fine-grained", ())


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (Said(401, {"message": "Bad credentials"}), "invalid"),
        (Said(401, {"message": "The token has expired"}), "expired"),
        (Said(403, {"message": "Resource protected by organization SAML"}), "insufficient"),
        (Said(200, {"login": "o"}, {"X-OAuth-Scopes": "gist"}), "insufficient"),
        (Said(200, {"login": "o"}, {"X-OAuth-Scopes": ""}), "insufficient"),
        (Said(200, {"login": "o"}, {"X-OAuth-Scopes": "repo", END: "2020-01-01"}), "expired"),
        (Said(403, {"message": "limit"}, {"X-RateLimit-Remaining": "0"}), "unreachable"),
        (Said(500), "unreachable"),
        (Said(302, headers={"Location": "https://elsewhere.example"}), "unreachable"),
        (Said(404), "unreachable"),
    ],
)
def test_github_refuses_in_words_that_are_passed_on(provider, github, said, state):
    provider.say("/user", said)

    verdict = github.validate("me", CLASSIC)

    assert verdict.state == state
    assert verdict.detail or state == "expired"


def test_github_knows_the_installation_of_an_app_which_has_no_user(provider, github):
    provider.say("/installation/repositories", Said(200, {"total_count": 1}))
    said = github.validate("x-access-token", f"ghs_{TAIL}")
    assert (said.state, said.token_kind) == ("valid", "app installation")


def test_gitlab_tells_login_scopes_and_expiry(provider, gitlab):
    body = {"scopes": ["read_repository"], "expires_at": "2099-12-01", "active": True}
    provider.say(SELF, Said(200, body))
    provider.say("/user", Said(200, {"username": "ada"}))

    said = gitlab.validate("oauth2", f"glpat-{TAIL}")

    assert (said.state, said.login, said.scopes) == ("valid", "ada", ("read_repository",))
    assert said.expires_at == datetime(2099, 12, 1, tzinfo=UTC)
    assert provider.asked[0][1]["private-token"] == f"glpat-{TAIL}"


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (Said(401, {"message": "401 Unauthorized"}), "invalid"),
        (Said(401, {"error_description": "Token is expired. You can…"}), "expired"),
        (Said(401, {"error_description": "Token was revoked."}), "invalid"),
        (Said(403, {"error": "insufficient_scope", "scope": "api"}), "insufficient"),
        (Said(200, {"scopes": ["read_user"], "expires_at": None}), "insufficient"),
        (Said(200, {"scopes": ["api"], "expires_at": "2020-01-01"}), "expired"),
        (Said(200, {"scopes": ["api"], "revoked": True}), "invalid"),
        (Said(502), "unreachable"),
    ],
)
def test_gitlab_refuses_in_its_own_words(provider, gitlab, said, state):
    provider.say(SELF, said)
    assert gitlab.validate("me", f"glpat-{TAIL}").state == state


def test_a_deploy_token_is_not_shown_to_an_api_that_does_not_know_it(provider, gitlab):
    said = gitlab.validate("gitlab+deploy-token-1", f"gldt-{TAIL}")
    assert (said.state, said.token_kind, provider.asked) == ("valid", "deploy", [])


@pytest.mark.parametrize(
    ("user", "token", "kind"),
    [("ada", f"ATBB{TAIL}", "app password"), ("a@b.example", f"ATATT3{TAIL}", "API token")],
)
def test_bitbucket_takes_app_passwords_and_api_tokens(provider, bitbucket, user, token, kind):
    headers = {"X-OAuth-Scopes": "repository, account"}
    provider.say("/user", Said(200, {"username": "ada"}, headers))

    said = bitbucket.validate(user, token)

    assert (said.state, said.login, said.token_kind) == ("valid", "ada", kind)
    basic = base64.b64encode(f"{user}:{token}".encode()).decode()
    assert provider.asked[0][1]["authorization"] == f"Basic {basic}"


def test_bitbucket_takes_an_access_token_without_a_user(provider, bitbucket):
    provider.say("/user", Said(200, {"display_name": "acme"}))
    assert bitbucket.validate("x-token-auth", f"ATCTT3{TAIL}").state == "valid"
    assert provider.asked[0][1]["authorization"] == f"Bearer ATCTT3{TAIL}"


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (Said(401, b""), "invalid"),
        (Said(401, {"error": {"message": "Token has expired"}}), "expired"),
        (
            Said(403, {"error": {"message": "no", "detail": {"granted": ["account"]}}}),
            "insufficient",
        ),
        (Said(403, {"error": {"message": "no", "detail": {"granted": ["repository"]}}}), "valid"),
        (Said(200, {}, {"X-OAuth-Scopes": "account"}), "insufficient"),
        (Said(503), "unreachable"),
    ],
)
def test_bitbucket_refuses_in_its_own_words(provider, bitbucket, said, state):
    provider.say("/user", said)
    assert bitbucket.validate("ada", f"ATBB{TAIL}").state == state


@pytest.mark.parametrize("name", ["github", "gitlab", "bitbucket"])
def test_a_provider_that_repeats_the_token_is_not_quoted_with_it(provider, name, request):
    token = {"github": CLASSIC, "gitlab": f"glpat-{TAIL}", "bitbucket": f"ATBB{TAIL}"}[name]
    for path in ("/user", SELF):
        provider.say(path, Said(401, {"message": f"{token} is bad\n\x1b[2J"}))
    said = request.getfixturevalue(name).validate("me", token)
    assert TAIL not in repr(said)
    assert "\n" not in said.detail


def test_a_provider_that_is_down_is_unreachable_within_its_time(provider):
    closed = Api("http://127.0.0.1:1", ("127.0.0.1",), seconds=1)
    for made in (GitHub("h", closed), GitLab("h", closed), Bitbucket("h", closed)):
        said = made.validate("me", CLASSIC)
        assert said.state == "unreachable"
        assert "does not answer" in said.detail
