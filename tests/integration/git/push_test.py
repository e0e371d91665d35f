"""Pushing to a real git server."""

from contextlib import nullcontext

import pytest

from oduflow.adapters.git.checkout_index import Author
from oduflow.adapters.git.credentials.entries import Entry
from oduflow.adapters.git.credentials.store import Credentials
from oduflow.adapters.git.failures import AccessRefused
from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.repository import GitRepositories
from oduflow.domain.errors import Cancelled, Conflict, UpstreamFailed
from oduflow.domain.progress_monitor import UNWATCHED, ProgressMonitor
from tests.support.git_server import PASSWORD, USER, Submodule

ADA = Author("Ada", "ada@example.com")


def test_a_commit_after_one_that_is_no_branchs_newest_any_more_is_pushed(
    server, repositories, check_out, tmp_path
):
    url = server.repository("addons", {"main": {"a": "1\n", "b": "1\n"}})
    first = check_out(url)
    server.repository("addons", {"main": {"a": "2\n"}})
    made = commit(repositories, tmp_path, first, {"a": "3\n"})

    push(repositories, url, made, "fix", tmp_path)

    assert server.commit("addons", "fix") == made
    assert server.git("addons", "rev-parse", "fix^") == first
    assert server.git("addons", "show", "fix:a") == "3"
    assert server.git("addons", "show", "fix:b") == "1"
    server.git("addons", "fsck", "--strict")


def test_hooks_attributes_and_a_git_folder_in_the_checkout_run_nothing(
    server, repositories, check_out, tmp_path
):
    mark = tmp_path / "mark"
    url = server.repository("addons", {"main": {"a": "1\n", ".gitattributes": "* filter=x\n"}})
    first = check_out(url)
    for hooks in (tmp_path / "git" / "hooks", tmp_path / "work" / ".git" / "hooks"):
        hooks.mkdir(parents=True)
        for name in ("pre-commit", "pre-push", "post-commit", "reference-transaction"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
            (hooks / name).chmod(0o755)
    (tmp_path / "work" / ".git" / "config").write_text(
        f'[filter "x"]\nclean = touch {mark}\n[remote "origin"]\nurl = file:///tmp\n'
    )
    made = commit(repositories, tmp_path, first, {"a": "2\n"})

    push(repositories, url, made, "fix", tmp_path)

    assert server.commit("addons", "fix") == made
    assert server.git("addons", "ls-tree", "-r", "--name-only", "fix").split() == [
        ".gitattributes",
        "a",
    ]
    assert not mark.exists()


def test_a_push_is_never_forced(server, repositories, check_out, tmp_path):
    url = server.repository("addons", {"main": {"a": "1\n"}})
    first = check_out(url)
    server.repository("addons", {"fix": {"other": "work\n"}})
    theirs = server.commit("addons", "fix")
    made = commit(repositories, tmp_path, first, {"a": "2\n"})

    with pytest.raises(Conflict, match="has commits that the environment does not have"):
        push(repositories, url, made, "fix", tmp_path)

    assert server.commit("addons", "fix") == theirs


def test_a_push_that_the_server_refuses_says_why(server, repositories, check_out, tmp_path):
    url = server.repository("addons", {"main": {"a": "1\n"}})
    made = commit(repositories, tmp_path, check_out(url), {"a": "2\n"})
    server.git("addons", "config", "receive.hideRefs", "refs/heads/protected")

    with pytest.raises(Conflict, match="refuses the push to protected: deny updating a hidden ref"):
        push(repositories, url, made, "protected", tmp_path)


def test_a_push_needs_a_credential_and_never_shows_it(server, check_out, tmp_path):
    url = server.repository("addons", {"main": {"a": "1\n"}})
    private = server.url("private/addons.git")
    first = check_out(url)
    repositories = with_password(server, PASSWORD)
    made = commit(repositories, tmp_path, first, {"a": "2\n"})

    push(repositories, private, made, "fix", tmp_path)

    assert server.commit("addons", "fix") == made
    for name, word in (("wrong", "refused"), ("", "requires a credential")):
        with pytest.raises(AccessRefused, match="to push") as refused:
            push(with_password(server, name), private, made, "again", tmp_path)
        assert word in refused.value.message
        assert PASSWORD not in f"{refused.value.message}{refused.value.output}"
    assert not server.git("addons", "for-each-ref", "refs/heads/again")


def test_a_credential_that_may_only_read_is_told(server, check_out, tmp_path):
    url = server.repository("addons", {"main": {"a": "1\n"}})
    first = check_out(url)
    repositories = with_password(server, PASSWORD)
    made = commit(repositories, tmp_path, first, {"a": "2\n"})

    with pytest.raises(AccessRefused, match="to push") as refused:
        push(repositories, server.url("readonly/addons.git"), made, "fix", tmp_path)

    assert "write" in refused.value.hint


@pytest.mark.parametrize("area", ["hang", "drip"])
def test_a_server_that_hangs_is_given_up(server, check_out, tmp_path, area):
    url = server.repository("addons", {"main": {"a": "1\n"}})
    first = check_out(url)
    repositories = GitRepositories(
        allowed_hosts=(server.authority,),
        limits=RepositoryLimits(ask_seconds=2, fetch_seconds=2),
    )
    made = commit(repositories, tmp_path, first, {"a": "2\n"})

    with pytest.raises(UpstreamFailed, match="Gave up pushing"):
        push(repositories, server.url(f"{area}/addons.git"), made, "fix", tmp_path)


def test_a_push_that_is_cancelled_stops(server, repositories, check_out, tmp_path):
    url = server.repository("addons", {"main": {"a": "1\n"}})
    made = commit(repositories, tmp_path, check_out(url), {"a": "2\n"})

    with pytest.raises(Cancelled):
        push(repositories, url, made, "fix", tmp_path, ProgressMonitor(cancelled=lambda: True))


def test_a_submodules_commit_is_kept_by_a_commit_of_edits(
    server, repositories, check_out, tmp_path
):
    lib = server.repository("lib", {"main": {"code.py": "x\n"}})
    modules = f'[submodule "lib"]\n\tpath = lib\n\turl = {lib}\n'
    pinned = server.commit("lib", "main")
    url = server.repository(
        "addons", {"main": {"a": "1\n", ".gitmodules": modules, "lib": Submodule(pinned)}}
    )
    first = check_out(url)
    assert (tmp_path / "work" / "lib" / "code.py").is_file()
    edits = repositories.edits(tmp_path / "git", tmp_path / "work")
    assert edits.changed(first) == ()
    assert edits.submodule_of(first, ("lib", "code.py")) == "lib"
    made = commit(repositories, tmp_path, first, {"a": "2\n"})

    push(repositories, url, made, "fix", tmp_path)

    assert server.git("addons", "rev-parse", "fix:lib") == pinned
    edits.discard(first)
    assert (tmp_path / "work" / "lib" / "code.py").read_text() == "x\n"


def commit(repositories, folder, first, files):
    for path, text in files.items():
        (folder / "work" / path).write_text(text)
    made, _ = repositories.edits(folder / "git", folder / "work").commit(
        first, (), "Change", ADA, "fix"
    )
    return made


def push(repositories, url, made, branch, folder, monitor=UNWATCHED):
    repositories.push(url, made, branch, team="1", git_dir=folder / "git", monitor=monitor)


def with_password(server, password):
    """Return repositories whose team has an account of the server; an empty password is none."""
    kept = Entry("http", "127.0.0.1", server.port, "/", USER, password)
    credentials = Credentials(lambda _: server.root / f"team {password}", lambda _: nullcontext())
    if password:
        credentials.keep("1", kept)
    return GitRepositories(
        allowed_hosts=(server.authority,),
        limits=RepositoryLimits(ask_seconds=20),
        helper=credentials.helper,
        describe_credential=credentials.describe,
    )
