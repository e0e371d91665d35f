"""An environment that serves, with a text in each of its parts."""

from typing import Any

import pytest

from tests.support.held import Held
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld


@pytest.fixture
def held(world: MemoryWorld, process: Process, sale: dict[str, Any]) -> Held:
    process.ok("create_environment", **sale | {"modules": []})
    made = Held(world, process)
    made.write("first")
    return made
