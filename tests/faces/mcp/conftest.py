"""The MCP endpoint over grants; a file that needs another one has a fixture of its own."""

from collections.abc import Iterator

import pytest

from tests.support.grants_world import GrantsWorld, grants_world
from tests.support.mcp_world import McpWorld, mcp_world


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrantsWorld]:
    with grants_world(tmp_path_factory.mktemp("store")) as world:
        yield world


@pytest.fixture(scope="module")
def served(made: GrantsWorld) -> Iterator[McpWorld]:
    with mcp_world(make=made.answering) as world:
        yield world
