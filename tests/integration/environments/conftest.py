"""A git server with the repositories of a test, and an instance that may read from it."""

from collections.abc import Iterator

import pytest

from tests.support.git_server import GitServer
from tests.support.instances import Instance
from tests.support.variants import git_host, variant


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with GitServer(tmp_path_factory.mktemp("repositories")) as server:
        yield server


@pytest.fixture(scope="module")
def product(instance: Instance, git: GitServer) -> Iterator[Instance]:
    with variant(instance, git_host(git.authority)) as made:
        yield made
