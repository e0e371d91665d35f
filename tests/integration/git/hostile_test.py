"""What a repository, a checkout or the server's own environment plants: nothing of it runs."""

import subprocess
from pathlib import Path

import pytest

from oduflow.adapters.git import process
from oduflow.domain.errors import QuotaReached, UpstreamFailed
from tests.support.git_server import GitServer


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def evil(tmp_path: Path, canary: Path, server: GitServer) -> str:
    """A git configuration in which everything that runs or redirects does so."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {canary}\ncat\n")
    program.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "fsmonitor"):
        (hooks / hook).symlink_to(program)
    included = tmp_path / "included"
    included.write_text(f"[core]\n\tsshCommand = {program}\n\tgitProxy = {program}\n")
    return f"""
[core]
\tfsmonitor = {program}
\thooksPath = {hooks}
\taskPass = {program}
[filter "evil"]
\tsmudge = {program}
\tclean = {program}
\tprocess = {program}
\trequired = true
[credential]
\thelper = !{program}
[http]
\tproxy = http://127.0.0.1:1
[url "http://127.0.0.1:1/"]
\tinsteadOf = {server.url("")}
[remote "{server.url("public/addons.git")}"]
\tuploadpack = {program}
[include]
\tpath = {included}
"""


FILES = {".gitattributes": "* filter=evil diff=evil\n", "a": "1"}


def test_configuration_planted_in_the_checkout_runs_nothing(
    server, check_out, tmp_path, canary, evil
):
    url = server.repository("addons", {"main": FILES})
    planted = tmp_path / "work/.git"
    subprocess.run(["git", "init", "--quiet", planted.parent], check=True)
    (planted / "config").write_text(evil)
    assert check_out(url) == server.commit("addons", "main")
    assert (tmp_path / "work/a").read_text() == "1"
    assert not canary.exists()


def test_configuration_planted_in_gits_own_folder_is_replaced(
    server, check_out, tmp_path, canary, evil
):
    url = server.repository("addons", {"main": {"a": "0"}})
    check_out(url)
    (tmp_path / "git/config").write_text(evil)
    (tmp_path / "git/hooks").symlink_to(tmp_path / "hooks")
    server.repository("addons", {"main": FILES})
    assert check_out(url) == server.commit("addons", "main")
    assert not canary.exists()


def test_the_servers_own_environment_and_home_mean_nothing_to_git(
    server, check_out, tmp_path, canary, evil, monkeypatch
):
    url = server.repository("addons", {"main": FILES})
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(evil)
    for name, value in {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": str(tmp_path / "program"),
        "GIT_ASKPASS": str(tmp_path / "program"),
        "GIT_EXEC_PATH": str(tmp_path),
        "GIT_DIR": str(tmp_path / "elsewhere"),
        "http_proxy": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    assert check_out(url) == server.commit("addons", "main")
    assert not canary.exists()
    assert not (tmp_path / "elsewhere").exists()


def test_the_planted_configuration_is_dangerous_where_git_heeds_it(server, tmp_path, canary, evil):
    """Without this the tests above could pass because the plants are harmless."""
    folder = tmp_path / "victim"
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    (folder / ".git/config").write_text(evil)
    (folder / ".gitattributes").write_text(FILES[".gitattributes"])
    subprocess.run(["git", "-C", folder, "add", "--all"], check=False, capture_output=True)
    assert canary.exists()


@pytest.mark.parametrize("name", [b".git", b"..", b"a/b", b".GIT"])
def test_a_tree_that_would_write_outside_or_into_git_is_refused(server, check_out, tmp_path, name):
    url = server.repository("addons", {"main": {"a": "1"}})
    blob = bytes.fromhex(server.git("addons", "rev-parse", "main:a"))
    write = ("hash-object", "-w", "--stdin", "--literally", "-t", "tree")
    made = server.git("addons", *write, stdin=b"100644 " + name + b"\0" + blob)
    commit = server.git("addons", "-c", "user.name=a", "commit-tree", "-m", "x", made)
    server.git("addons", "update-ref", "refs/heads/main", commit)

    with pytest.raises(UpstreamFailed, match="git's own check refuses"):
        check_out(url)
    assert not any((tmp_path / "work").iterdir())


def test_objects_that_gits_check_refuses_are_refused(server, check_out, tmp_path):
    url = server.repository("addons", {"main": {"a": "1"}})
    bare = server.root / "addons.git"
    tree = server.commit("addons", "main^{tree}")
    commit = subprocess.run(
        ["git", f"--git-dir={bare}", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        input=f"tree {tree}\nparent none\nauthor unknown\n\nbroken\n".encode(),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode()
    (bare / "refs/heads/broken").write_text(commit)
    with pytest.raises(UpstreamFailed, match="git's own check refuses"):
        check_out(url, "broken")
    assert not (tmp_path / "work/a").exists()


def test_a_few_trees_that_unfold_to_billions_of_files_stop_at_gits_memory(
    server, check_out, tmp_path, monkeypatch
):
    monkeypatch.setattr(process, "MEMORY_BYTES", 128 << 20)
    url = server.repository("bomb", {"main": FILES})
    unfold(server.root / "bomb.git", levels=10, width=10)
    with pytest.raises(QuotaReached, match="memory"):
        check_out(url)
    assert not any((tmp_path / "work").iterdir())


def unfold(repository: Path, *, levels: int, width: int) -> None:
    """Let the branch's commit hold as many files as `width` to the power of `levels`."""

    def git(*words: str, text: str = "") -> str:
        command = ["git", "-c", "safe.directory=*", "-c", "user.name=a", "-c", "user.email=a@b.c"]
        command += [f"--git-dir={repository}", *words]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    mode, kind, held = "100644", "blob", git("hash-object", "-w", "--stdin", text="x")
    for _ in range(levels):
        held = git("mktree", text="".join(f"{mode} {kind} {held}\t{n}\n" for n in range(width)))
        mode, kind = "040000", "tree"
    git("update-ref", "refs/heads/main", git("commit-tree", "-m", "bomb", held))
