from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.repository import GitRepositories
from tests.support.git_server import GitServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "server") as running:
        yield running


@pytest.fixture
def repositories(server: GitServer) -> GitRepositories:
    return GitRepositories(
        allowed_hosts=(server.authority,), limits=RepositoryLimits(ask_seconds=20)
    )


@pytest.fixture
def check_out(repositories: GitRepositories, tmp_path: Path) -> Callable[[str, str], str]:
    """Check a branch out into `tmp_path / "work"`, git's own folder being `tmp_path / "git"`."""

    def run(url: str, branch: str = "main") -> str:
        return repositories.checkout(
            url, branch, team="1", git_dir=tmp_path / "git", work_tree=tmp_path / "work"
        )

    return run
