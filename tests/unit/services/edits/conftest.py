"""An environment in memory with a repository and an extra repo, whose files are real."""

from pathlib import Path

import pytest

from oduflow.domain.environment import Environment
from oduflow.domain.plan import EnvironmentPlan
from tests.support.memory.odoo import module
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld


@pytest.fixture
def process(world: MemoryWorld) -> Process:
    """A process with the environment `sale`."""
    made = Process(world)
    made.ok("create_template", name="base")
    web = world.git.repository("web", {"19.0": module("web_grid")}, default="19.0")
    made.ok("add_extra_repo", name="web", repo_url=web)
    files = module("sale") | {"sale/models/order.py": "a = 1\nb = 2\nb = 2\n", "README.md": "Hi\n"}
    url = world.git.repository("addons", {"main": files})
    made.ok("create_environment", name="sale", repo_url=url, extra_repos=["web"])
    return made


@pytest.fixture
def row(process: Process) -> Environment:
    [found] = process.deps.store.environments.list("1")
    return found


@pytest.fixture
def checkout(process: Process, row: Environment) -> Path:
    """The folder of the environment's files."""
    return EnvironmentPlan.of(process.deps.naming, row).checkout
