"""Git servers in memory, held to what git itself does: tests/integration/git/contract_test.py."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.suites.git import GitContract
from tests.support.memory.git import MemoryGit, MemoryGitServer


class TestGitInMemory(GitContract):
    """Repositories."""


@pytest.fixture
def server() -> MemoryGitServer:
    return MemoryGitServer()


@pytest.fixture
def repositories(server: MemoryGitServer) -> MemoryGit:
    return MemoryGit(server)


@pytest.fixture
def check_out(repositories: MemoryGit, tmp_path: Path) -> Callable[[str, str], str]:
    def run(url: str, branch: str = "main") -> str:
        return repositories.checkout(
            url, branch, team="1", git_dir=tmp_path / "git", work_tree=tmp_path / "work"
        )

    return run
