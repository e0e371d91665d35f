from ipaddress import ip_address
from pathlib import Path

import pytest

from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.git.urls import RemoteUrl
from oduflow.domain.errors import Invalid, NotFound, UpstreamFailed
from oduflow.net.addresses import IPAddress
from tests.support.addresses import resolving
from tests.support.git_server import PASSWORD, USER, GitServer

FILES = {"sale_extra/__manifest__.py": "{}"}


def test_without_a_branch_the_one_that_head_points_to_is_found(server, repositories):
    url = server.repository("addons", {"19.0": FILES, "main": FILES}, default="19.0")
    head = repositories.resolve_branch(url, None, team="1")
    assert (head.branch, head.commit) == ("19.0", server.commit("addons", "19.0"))


def test_the_installed_git_is_one_that_pins_addresses(repositories):
    assert repositories.check_git().startswith("git version ")


def test_a_named_branch_is_found_and_not_another_that_ends_like_it(server, repositories):
    url = server.repository("addons", {"19.0": FILES, "feature/19.0": FILES, "main": FILES})
    head = repositories.resolve_branch(url, "19.0", team="1")
    assert (head.branch, head.commit) == ("19.0", server.commit("addons", "19.0"))


def test_a_missing_branch_is_answered_with_similar_ones(server, repositories):
    url = server.repository("addons", {"19.0": FILES, "18.0": FILES, "main": FILES})
    with pytest.raises(NotFound, match=r"no branch or tag 19-0") as caught:
        repositories.resolve_branch(url, "19-0", team="1")
    assert caught.value.hint.startswith("Did you mean: 19.0")


def test_a_missing_tag_is_answered_with_similar_ones(server, repositories):
    url = server.repository("addons", {"100%": FILES, "main": FILES})
    server.git("addons", "tag", "v1.0", "main")
    server.git("addons", "-c", "user.name=x", "tag", "--annotate", "--message=x", "v1.1", "main")
    with pytest.raises(NotFound, match=r"no branch or tag v1\.10") as caught:
        repositories.resolve_branch(url, "v1.10", team="1")
    assert caught.value.hint == "Did you mean: v1.1, v1.0?"


def test_names_that_are_not_similar_are_listed_and_not_suggested(server, repositories):
    url = server.repository("addons", {"19.0": FILES, "main": FILES})
    with pytest.raises(NotFound) as caught:
        repositories.resolve_branch(url, "production", team="1")
    assert caught.value.hint == "It has 19.0, main."


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_answers_an_error_is_not_called_unreachable(server, repositories, status):
    with pytest.raises(UpstreamFailed, match=f"answers HTTP {status} for /error/{status}/a"):
        repositories.resolve_branch(server.url(f"error/{status}/a.git"), None, team="1")


def test_an_empty_repository_has_no_branch(server, repositories):
    url = server.repository("empty", {})
    with pytest.raises(NotFound, match="no default branch"):
        repositories.resolve_branch(url, None, team="1")
    with pytest.raises(NotFound) as caught:
        repositories.resolve_branch(url, "main", team="1")
    assert caught.value.hint == "It has no branches; push a first commit."


def test_a_missing_repository_is_not_found(server, repositories):
    with pytest.raises(NotFound, match=r"no repository /public/none\.git"):
        repositories.resolve_branch(server.url("public/none.git"), None, team="1")


def test_a_private_repository_asks_for_a_credential_and_prompts_no_terminal(server, repositories):
    server.repository("addons", {"main": FILES})
    with pytest.raises(UpstreamFailed, match="credential") as caught:
        repositories.resolve_branch(server.url("private/addons.git"), None, team="1")
    assert [step.operation for step in caught.value.next] == ["setup_repo_auth"]


def test_a_host_where_nothing_listens_cannot_be_reached(server):
    repositories = GitRepositories(allowed_hosts=("127.0.0.1",))
    with pytest.raises(UpstreamFailed, match="cannot be reached"):
        repositories.resolve_branch("http://127.0.0.1:1/a.git", None, team="1")


def test_a_redirect_to_another_host_is_not_followed(server, repositories, tmp_path: Path):
    with GitServer(tmp_path / "other") as other:
        other.repository("addons", {"main": FILES})
        server.redirect_to = other.url("")
        with pytest.raises(UpstreamFailed, match="redirects"):
            repositories.resolve_branch(server.url("redirect/addons.git"), None, team="1")
        assert other.requests == []
        assert {request.path for request in server.requests} == {"/redirect/addons.git/info/refs"}


def test_a_redirect_within_a_server_is_followed_once(server, repositories, check_out, tmp_path):
    url = server.repository("addons", {"main": FILES})
    moved = url.replace("/public/", "/redirect/")

    assert repositories.resolve_branch(moved, None, team="1").branch == "main"
    assert check_out(moved) == server.commit("addons", "main")
    server.redirect_to = server.url("redirect/")
    with pytest.raises(UpstreamFailed, match=r"redirects /redirect/public/addons\.git to http"):
        repositories.resolve_branch(moved, None, team="1")


def test_a_redirect_to_another_server_is_named(server, repositories):
    server.redirect_to = "https://git.example/acme/"
    with pytest.raises(UpstreamFailed) as caught:
        repositories.resolve_branch(server.url("redirect/addons.git"), None, team="1")
    assert "to https://git.example/acme/public/addons.git." in caught.value.message
    assert "Give that URL" in caught.value.hint


def test_a_redirect_to_a_sign_in_page_asks_for_a_credential(server, repositories):
    with pytest.raises(UpstreamFailed, match=r"/users/sign_in\. That is a page") as caught:
        repositories.resolve_branch(server.url("page/addons.git"), None, team="1")
    assert [step.operation for step in caught.value.next] == ["setup_repo_auth"]


def test_the_credential_is_the_one_for_the_address_that_a_redirect_leads_to(server, tmp_path):
    server.repository("addons", {"main": FILES})
    asked: list[str] = []

    def helper(_team: str, remote: RemoteUrl) -> str | None:
        asked.append(remote.path)
        known = remote.path.startswith("/private/")
        return f"!echo username={USER}; echo password={PASSWORD} #" if known else None

    repositories = GitRepositories(allowed_hosts=(server.authority,), helper=helper)
    assert repositories.resolve_branch(server.url("moved/addons.git"), None, team="1").branch
    assert asked == ["/moved/addons.git", "/private/addons.git"]
    sent = {request.path for request in server.requests if request.authorization}
    assert sent == {"/private/addons.git/info/refs", "/private/addons.git/git-upload-pack"}


def test_a_server_of_plain_files_is_named_as_one(server, check_out):
    server.repository("addons", {"main": FILES})
    server.git("addons", "update-server-info")
    with pytest.raises(UpstreamFailed, match="plain files"):
        check_out(server.url("dumb/addons.git"))


def test_a_detached_head_is_named_with_the_branches_there_are(server, repositories):
    url = server.repository("addons", {"main": FILES, "19.0": FILES})
    server.git("addons", "update-ref", "--no-deref", "HEAD", server.commit("addons", "19.0"))
    with pytest.raises(NotFound, match="HEAD is detached, at ") as caught:
        repositories.resolve_branch(url, None, team="1")
    assert caught.value.hint == "Name a branch: 19.0, main."


def test_head_as_a_branch_means_the_default_branch(server, repositories):
    url = server.repository("addons", {"main": FILES})
    assert repositories.resolve_branch(url, "HEAD", team="1").source == "refs/heads/main"


def test_a_shortened_commit_id_is_named_as_one(server, repositories):
    url = server.repository("addons", {"main": FILES})
    with pytest.raises(NotFound, match="shortened commit id") as caught:
        repositories.resolve_branch(url, server.commit("addons", "main")[:8], team="1")
    assert "all 40 digits" in caught.value.hint


def test_an_unlisted_private_address_is_never_asked(server):
    repositories = GitRepositories(
        allowed_hosts=("elsewhere.test",), resolve=resolving("127.0.0.1")
    )
    for host in ("127.0.0.1", "rebound.test"):
        with pytest.raises(Invalid):
            repositories.resolve_branch(f"https://{host}:{server.port}/a", None, team="1")
    assert server.requests == []


def test_git_dials_the_address_that_was_checked_and_asks_no_name_server_itself(server):
    server.repository("addons", {"main": FILES})
    asked: list[str] = []

    def resolve(host: str, _deadline: float) -> tuple[IPAddress, ...]:
        asked.append(host)
        return (ip_address("127.0.0.1"),)

    repositories = GitRepositories(allowed_hosts=("git.invalid",), resolve=resolve)
    url = f"http://git.invalid:{server.port}/public/addons.git"
    assert repositories.resolve_branch(url, None, team="1").branch == "main"
    assert asked == ["git.invalid"]
    assert {request.host for request in server.requests} == {f"git.invalid:{server.port}"}


def test_one_teams_credential_is_never_offered_to_another(server):
    server.repository("addons", {"main": FILES})

    def helper(team: str, _remote: RemoteUrl) -> str | None:
        return f"!echo username={USER}; echo password={PASSWORD} #" if team == "1" else None

    repositories = GitRepositories(allowed_hosts=(server.authority,), helper=helper)
    url = server.url("private/addons.git")
    assert repositories.resolve_branch(url, None, team="1").branch == "main"
    assert any(request.authorization for request in server.requests)
    server.requests.clear()
    with pytest.raises(UpstreamFailed, match="credential"):
        repositories.resolve_branch(url, None, team="2")
    assert not any(request.authorization for request in server.requests)


@pytest.mark.parametrize("area", ["hang", "drip"])
def test_a_server_that_hangs_or_drips_is_given_up_in_time(server, area):
    repositories = GitRepositories(
        allowed_hosts=(server.authority,), limits=RepositoryLimits(ask_seconds=0.5)
    )
    with pytest.raises(UpstreamFailed, match=r"after 0\.5 seconds"):
        repositories.resolve_branch(server.url(f"{area}/a.git"), None, team="1")


def test_a_transfer_that_crawls_is_given_up(server):
    limits = RepositoryLimits(ask_seconds=20, stall_seconds=1)
    repositories = GitRepositories(allowed_hosts=(server.authority,), limits=limits)
    with pytest.raises(UpstreamFailed, match="stalled"):
        repositories.resolve_branch(server.url("drip/a.git"), None, team="1")
