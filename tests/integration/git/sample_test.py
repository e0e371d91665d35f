import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.git.sample_repository import publish
from oduflow.adapters.git.sample_server import SampleGitServer
from oduflow.domain.errors import Conflict, UpstreamFailed


@pytest.fixture
def addons(tmp_path: Path) -> Path:
    folder = tmp_path / "addons"
    for name in ("one", "two"):
        (folder / name / "__pycache__").mkdir(parents=True)
        (folder / name / "__manifest__.py").write_text(f"{{'name': '{name}'}}")
        (folder / name / "__pycache__/__manifest__.cpython-311.pyc").write_bytes(b"x")
    return folder


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return tmp_path / "sample/addons.git"


@pytest.fixture
def server(bare: Path) -> Iterator[SampleGitServer]:
    running = SampleGitServer(bare.parent, 0)
    running.start()
    yield running
    running.stop()


def test_the_published_addons_are_checked_out_like_any_repository(server, addons, bare, tmp_path):
    commit = publish(addons, bare)
    repositories = GitRepositories(allowed_hosts=(server.authority,))
    url = server.url("addons.git")
    head = repositories.resolve_branch(url, None, team="1")
    assert (head.branch, head.commit) == ("main", commit)
    work = tmp_path / "work"
    repositories.checkout(url, "main", team="1", git_dir=tmp_path / "git", work_tree=work)
    files = {str(path.relative_to(work)) for path in work.rglob("*") if path.is_file()}
    assert files == {"one/__manifest__.py", "two/__manifest__.py"}


def test_publishing_the_same_addons_again_changes_nothing(addons, bare):
    assert publish(addons, bare) == publish(addons, bare)
    assert history(bare) == 1


def test_the_same_addons_are_the_same_commit_on_every_machine(addons, tmp_path):
    first = publish(addons, tmp_path / "a/addons.git")
    (addons / "one/__manifest__.py").chmod(0o755)
    os.utime(addons / "two/__manifest__.py", (0, 0))
    assert publish(addons, tmp_path / "b/addons.git") == first


def test_changed_addons_become_the_next_commit(addons, bare):
    first = publish(addons, bare)
    (addons / "one/__manifest__.py").unlink()
    (addons / "two/new.py").touch()
    assert publish(addons, bare) != first
    assert history(bare) == 2
    listed = git(bare, "ls-tree", "-r", "--name-only", "main").split()
    assert listed == ["two/__manifest__.py", "two/new.py"]


def test_a_damaged_repository_is_made_anew(addons, bare):
    commit = publish(addons, bare)
    (bare / "index.lock").touch()
    (bare / "HEAD").unlink()
    assert publish(addons, bare) == commit


def test_a_folder_that_takes_no_repository_is_named_as_the_cause(addons, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UpstreamFailed, match="cannot be published"):
        publish(addons, tmp_path / "file/addons.git")


def test_the_sample_server_accepts_no_push(server, addons, bare, tmp_path):
    publish(addons, bare)
    url = server.url("addons.git")
    pushed = subprocess.run(
        ["git", f"--git-dir={bare}", "push", url, "main:evil"], check=False, capture_output=True
    )
    assert pushed.returncode != 0
    assert git(bare, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


@pytest.mark.parametrize(
    "path",
    [
        "addons.git/HEAD",
        "addons.git/config",
        "addons.git/objects/info/packs",
        "addons.git/info/refs",
        "addons.git/info/refs?service=git-receive-pack",
        "addons.git/git-receive-pack",
        "../sample/addons.git/info/refs?service=git-upload-pack",
        "%2e%2e/sample/addons.git/info/refs?service=git-upload-pack",
        "",
    ],
)
def test_nothing_but_a_clone_is_served(server, addons, bare, path):
    publish(addons, bare)
    assert requests.get(server.url(path), timeout=10).status_code == 404
    assert requests.post(server.url(path), timeout=10).status_code == 404


def test_a_clone_is_served(server, addons, bare):
    commit = publish(addons, bare)
    url = server.url("addons.git/info/refs?service=git-upload-pack")
    assert commit in requests.get(url, timeout=10).text


def test_a_taken_port_is_named(server):
    second = SampleGitServer(Path("/nonexistent"), int(server.authority.split(":")[1]))
    with pytest.raises(Conflict, match="is taken"):
        second.start()


def test_a_stopped_server_gives_its_port_back(bare):
    running = SampleGitServer(bare.parent, 0)
    running.start()
    host, port = running.authority.split(":")
    running.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5)


def history(bare: Path) -> int:
    return int(git(bare, "rev-list", "--count", "main"))


def git(bare: Path, *arguments: str) -> str:
    command = ["git", f"--git-dir={bare}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
