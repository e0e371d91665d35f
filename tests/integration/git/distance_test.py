from pathlib import Path

import pytest

from oduflow.adapters.git.git_folder import GitFolder
from oduflow.adapters.git.repository import GitRepositories
from oduflow.files.process_mark import process_mark
from tests.support.git_server import GitServer


@pytest.fixture
def count(server: GitServer, repositories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Count the commits of `addons` after one; no file of the history stays."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))

    def run(since: str, branch: str = "main") -> int | None:
        url = server.url("public/addons.git")
        head = repositories.resolve_branch(url, branch, team="1")
        counted: int | None = repositories.count_commits(url, head.source, since=since, team="1")
        assert list((tmp_path / "scratch").iterdir()) == []
        return counted

    return run


def test_the_commits_of_a_branch_after_a_commit_are_counted(server, count):
    server.repository("addons", {"main": {"a": "1"}})
    old = server.commit("addons", "main")
    for number in range(3):
        server.repository("addons", {"main": {"a": str(number), "b": "x" * 100_000}})

    assert count(old) == 3
    assert count(server.commit("addons", "main")) == 0


def test_after_a_force_push_the_number_is_not_known(server, count):
    server.repository("addons", {"main": {"a": "1"}})
    old = server.commit("addons", "main")
    server.forget("addons", "main")
    server.repository("addons", {"main": {"a": "2"}})

    assert count(old) is None


def test_no_file_is_downloaded_to_count(server, count):
    server.repository("addons", {"main": {"a": "1"}})
    old = server.commit("addons", "main")
    server.repository("addons", {"main": {"large": b"\0\1" * 40_000_000}})

    assert count(old) == 1


def test_where_the_server_does_not_answer_the_number_is_not_known(server, repositories):
    server.repository("addons", {"main": {"a": "1"}})
    counted = repositories.count_commits(
        server.url("error/500/addons.git"), "refs/heads/main", since="2" * 40, team="1"
    )
    assert counted is None


def test_the_history_lies_in_a_folder_that_names_the_process(server, tmp_path, monkeypatch):
    """A later process removes it if this one is killed."""
    seen: list[str] = []
    scratch = tmp_path / "data" / "scratch"
    repositories = GitRepositories(allowed_hosts=(server.authority,), scratch=scratch)
    prepare = GitFolder.prepare

    def spy(folder: GitFolder, *options: str) -> None:
        seen.extend(path.name for path in scratch.iterdir())
        prepare(folder, *options)

    monkeypatch.setattr(GitFolder, "prepare", spy)
    server.repository("addons", {"main": {"a": "1"}})
    url, since = server.url("public/addons.git"), server.commit("addons", "main")

    assert repositories.count_commits(url, "refs/heads/main", since=since, team="1") == 0
    assert [name.partition("-")[0] for name in seen] == [process_mark()]
    assert list(scratch.iterdir()) == []
