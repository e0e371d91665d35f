from collections.abc import Iterator

import pytest

from tests.support.mcp_world import McpWorld, mcp_world
from tests.support.remote_world import WAIT_SECONDS, CommandRunner, things_and_jobs


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> CommandRunner:
    return CommandRunner(monkeypatch)


@pytest.fixture(scope="package")
def server() -> Iterator[McpWorld]:
    """A server of things that waits for a job almost not at all, so that its callers have to."""
    with mcp_world(wait_seconds=WAIT_SECONDS, make=things_and_jobs) as served:
        yield served
