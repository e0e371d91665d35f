"""An environment that serves, with a text in each of its parts."""

from typing import Any

import pytest

from tests.support.held import EnvironmentContents
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld


@pytest.fixture
def held(world: MemoryWorld, process: Process, sale: dict[str, Any]) -> EnvironmentContents:
    process.ok("create_environment", **sale | {"modules": []})
    made = EnvironmentContents(world, process)
    made.write("first")
    return made
