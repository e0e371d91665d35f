"""The four operations, with a real git server and, where one is asked, a provider's API."""

import stat
from datetime import timedelta

import pytest

from oduflow.domain.clock import now
from oduflow.domain.errors import Conflict, Failure, Invalid, NotFound, UpstreamFailed
from tests.integration.credentials.conftest import TOKEN, Parts
from tests.support import store_rows
from tests.support.fake_provider import Said
from tests.support.git_server import GitServer
from tests.support.store_files import stored_bytes

END = "github-authentication-token-expiration"


def private(server: GitServer, user: str = "me", token: str = TOKEN, path: str = "addons") -> str:
    return f"http://{user}:{token}@{server.authority}/private/{path}.git"


def test_a_good_credential_is_kept_where_and_as_the_page_says(parts: Parts, server):
    answer = parts.call("setup_repo_auth", repo_url=private(server))

    assert answer.summary == f"Saved the credential of me for {server.authority}, proven."
    assert (answer.data.token, answer.data.proven, answer.warnings) == ("ghp_****", True, ())
    assert parts.file().read_text() == f"http://me:{TOKEN}@{server.authority}\n"
    assert stat.S_IMODE(parts.file().stat().st_mode) == 0o600
    assert not parts.file("2").exists()
    assert TOKEN not in answer.model_dump_json()


def test_a_bad_one_is_not_kept_and_the_older_good_one_stays(parts: Parts, server):
    parts.call("setup_repo_auth", repo_url=private(server))
    before = parts.file().read_bytes()

    with pytest.raises(
        Invalid, match=r"refused the credential me:ghp_\*\*\*\* .*Nothing was saved"
    ):
        parts.call("setup_repo_auth", repo_url=private(server, token="ghp_wrong123456"))

    assert parts.file().read_bytes() == before


def test_a_bad_one_is_kept_when_that_is_asked_for(parts: Parts, server):
    url = private(server, token="ghp_wrong123456")

    answer = parts.call("setup_repo_auth", repo_url=url, keep_unverified=True)

    assert answer.summary.endswith("not proven.")
    assert "refused the credential me:ghp_****" in answer.warnings[0]
    assert answer.data.proven is None
    assert "ghp_wrong123456" in parts.file().read_text()


def test_a_public_repository_proves_nothing_so_nothing_is_kept(parts: Parts, server):
    url = f"http://me:{TOKEN}@{server.authority}/public/addons.git"

    with pytest.raises(Invalid, match="is public"):
        parts.call("setup_repo_auth", repo_url=url)

    assert not parts.file().exists()


def test_a_server_that_cannot_be_asked_keeps_nothing_unless_asked_to(parts: Parts, server):
    url = f"http://me:{TOKEN}@{server.authority}/error/500/addons.git"

    with pytest.raises(UpstreamFailed):
        parts.call("setup_repo_auth", repo_url=url)
    assert not parts.file().exists()

    assert parts.call("setup_repo_auth", repo_url=url, keep_unverified=True).warnings


def test_from_then_on_the_teams_git_reads_with_it_and_no_other_teams(parts: Parts, server):
    parts.call("setup_repo_auth", repo_url=private(server))
    git, url = parts.services.deps.git.repositories, server.url("private/addons.git")

    assert git.resolve_branch(url, None, team="1").commit == server.commit("addons", "main")
    with pytest.raises(Failure, match="the team has none for it"):
        git.resolve_branch(url, None, team="2")


def test_the_list_is_masked_and_another_teams_is_empty(parts: Parts, server):
    parts.call("setup_repo_auth", repo_url=private(server))

    [seen] = parts.call("list_credentials").data.credentials
    assert (seen.host, seen.username, seen.path) == (server.authority, "me", "/")
    assert (seen.token, seen.state) == ("ghp_****", "valid")
    assert parts.call("list_credentials", "2").data.credentials == ()


def test_what_a_person_wrote_into_the_file_is_listed_as_unchecked(parts: Parts):
    parts.file().parent.mkdir(parents=True)
    parts.file().write_text("# mine\nhttps://ada:secret-word@git.example\n")

    [seen] = parts.call("list_credentials").data.credentials

    assert (seen.host, seen.token, seen.state, seen.checked_at) == (
        "git.example",
        "****",
        "unchecked",
        None,
    )


def test_a_deleted_one_is_gone_and_foreign_lines_stay(parts: Parts, server):
    parts.file().parent.mkdir(parents=True)
    parts.file().write_bytes(b"# mine\r\n")
    parts.call("setup_repo_auth", repo_url=private(server))

    parts.call("delete_credential", host=server.authority, username="me")

    assert parts.file().read_bytes() == b"# mine\r\n"
    with pytest.raises(NotFound):
        parts.call("delete_credential", host=server.authority, username="me")


def test_several_of_one_user_and_host_are_a_conflict_that_lists_the_paths(parts: Parts, server):
    parts.call("setup_repo_auth", repo_url=private(server))
    parts.call("setup_repo_auth", repo_url=private(server), path="/private")
    named = {"host": server.authority, "username": "me"}

    for tool in ("validate_credential", "delete_credential"):
        with pytest.raises(Conflict, match="for the paths /, /private") as caught:
            parts.call(tool, **named)
        assert "Pass path, one of: /, /private" in caught.value.hint
    parts.call("delete_credential", **named, path="/private")
    [left] = parts.call("list_credentials").data.credentials
    assert left.path == "/"


def test_a_token_in_place_of_the_user_is_addressed_by_its_mask(parts: Parts, server):
    server.accounts["/private/"] = (TOKEN, "x-oauth-basic")
    answer = parts.call("setup_repo_auth", repo_url=private(server, TOKEN, "x-oauth-basic"))
    assert (answer.data.username, answer.data.token) == ("ghp_****", "ghp_****")

    named = {"host": server.authority, "username": "ghp_****"}
    assert parts.call("validate_credential", **named).data.state == "valid"
    parts.call("delete_credential", **named)
    assert parts.file().read_bytes() == b""


def test_another_teams_credential_cannot_be_named(parts: Parts, server):
    parts.call("setup_repo_auth", repo_url=private(server))
    for tool in ("validate_credential", "delete_credential"):
        with pytest.raises(NotFound):
            parts.call(tool, "2", host=server.authority, username="me")


def test_a_host_without_an_api_is_valid_and_git_tells_whether_it_reads(parts: Parts, server):
    parts.call("setup_repo_auth", repo_url=private(server))
    named = {"host": server.authority, "username": "me"}
    url = server.url("private/addons.git")

    untried = parts.call("validate_credential", **named).data
    good = parts.call("validate_credential", **named, repo_url=url).data
    server.accounts["/private/"] = ("me", "changed-meanwhile")
    bad = parts.call("validate_credential", **named, repo_url=url).data

    assert [(each.state, each.proven) for each in (untried, good, bad)] == [
        ("valid", None),
        ("valid", True),
        ("valid", False),
    ]
    [seen] = parts.call("list_credentials").data.credentials
    assert seen.proven is False


def test_a_credential_of_one_repository_is_tried_on_that_repository(parts: Parts, server):
    parts.call("setup_repo_auth", repo_url=private(server), path="/private/addons.git")
    named = {"host": server.authority, "username": "me"}
    assert parts.call("validate_credential", **named).data.proven is True


def test_an_environment_of_a_host_that_is_no_longer_listed_does_not_matter(parts: Parts, server):
    parts.call("setup_repo_auth", repo_url=private(server))
    rows = parts.services.deps.store
    rows.templates.add(store_rows.template(id="template1", team="1"))
    urls = {"old": "http://127.0.0.1:9/x.git", "shop": server.url("private/addons.git")}
    for name, url in urls.items():
        row = store_rows.environment(
            id=name, team="1", name=name, template_id="template1", repo_url=url
        )
        rows.environments.add(row)

    shown = parts.call("validate_credential", host=server.authority, username="me").data

    assert shown.proven is True


def test_a_credential_of_one_repository_is_used_where_the_host_adds_git(parts: Parts, server):
    server.adds_suffix = True
    url = private(server).removesuffix(".git")

    saved = parts.call("setup_repo_auth", repo_url=url, path="/private/addons").data

    assert (saved.path, saved.proven) == ("/private/addons", True)
    git = parts.services.deps.git.repositories
    for spelling in ("private/addons", "private/addons.git"):
        found = git.resolve_branch(server.url(spelling), None, team="1")
        assert found.commit == server.commit("addons", "main")
    parts.call("setup_repo_auth", repo_url=url, path="/private/addons.git")
    named = {"host": server.authority, "username": "me", "path": "/private/addons"}
    assert parts.call("validate_credential", **named).data.proven is True
    parts.call("delete_credential", **named)
    assert parts.call("list_credentials").data.credentials == ()


def test_the_provider_is_asked_and_what_it_said_is_listed(github: Parts, server, provider):
    end = now() + timedelta(days=3)
    headers = {"X-OAuth-Scopes": "repo", END: f"{end:%Y-%m-%d %H:%M:%S} UTC"}
    provider.say("/user", Said(200, {"login": "octocat"}, headers))
    github.call("setup_repo_auth", repo_url=private(server))

    answer = github.call("validate_credential", host=server.authority, username="me")

    seen = answer.data
    assert (seen.provider, seen.state, seen.login) == ("GitHub", "valid", "octocat")
    assert (seen.scopes, seen.token_kind, seen.expires_soon) == (("repo",), "classic", True)
    assert "two weeks" in answer.warnings[0]
    assert github.call("list_credentials").data.credentials == (seen,)
    assert TOKEN not in answer.model_dump_json()


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (Said(401, {"message": "Bad credentials"}), "invalid"),
        (Said(200, {}, {"X-OAuth-Scopes": "gist"}), "insufficient"),
        (Said(200, {}, {"X-OAuth-Scopes": "repo", END: "2020-01-01 00:00:00 UTC"}), "expired"),
        (Said(500), "unreachable"),
    ],
)
def test_the_providers_verdict_is_the_answer(github: Parts, server, provider, said, state):
    provider.say("/user", said)
    answer = github.call("setup_repo_auth", repo_url=private(server))
    assert answer.data.state == state
    validated = github.call("validate_credential", host=server.authority, username="me")
    assert (validated.status, validated.data.state) == ("ok", state)
    assert f"is {state}" in validated.summary


def test_the_audit_knows_the_repository_and_never_the_credential(parts: Parts, server):
    parts.call("setup_repo_auth", repo_url=private(server))
    for raw in (
        {"repo_url": private(server, token="ghp_wrong123456")},
        {"repo_url": private(server), "host": private(server)},
        {"repo_url": [private(server)]},
        {private(server): 1},
    ):
        with pytest.raises(Failure) as caught:
            parts.call("setup_repo_auth", **raw)
        assert "ghp_w" not in caught.value.message + caught.value.hint
        assert TOKEN not in caught.value.message + caught.value.hint
    with pytest.raises(Failure):
        parts.call("delete_credential", host=private(server), username=TOKEN)
    with pytest.raises(Failure):
        parts.call("get_environment", name=private(server))
    database = stored_bytes(parts.data)
    assert TOKEN.encode() not in database
    assert b"ghp_wrong" not in database
    assert f"{server.authority}/".encode() in database
