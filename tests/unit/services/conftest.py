"""The product in memory, with a template and a git repository."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oduflow.domain import passwords
from tests.support.memory.odoo import module
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld


@pytest.fixture(autouse=True)
def cheap_password_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash Odoo's passwords in one round: `passwords_test.py` asserts the product's number."""
    monkeypatch.setattr(passwords, "ROUNDS", 1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MemoryWorld]:
    made = MemoryWorld(tmp_path)
    yield made
    made.close()


@pytest.fixture
def process(world: MemoryWorld) -> Process:
    """A process whose team has one template."""
    made = Process(world)
    made.ok("create_template", name="base")
    return made


@pytest.fixture
def sale(world: MemoryWorld) -> dict[str, Any]:
    """The arguments of an environment with one module of a repository."""
    url = world.git.repository("addons", {"main": module("sale")})
    return {"name": "sale", "repo_url": url, "modules": ["sale"]}


@pytest.fixture
def full(world: MemoryWorld, process: Process) -> dict[str, Any]:
    """The arguments of an environment for which every step of its creation makes something."""
    url = world.git.repository("addons", {"main": module("sale") | {"requirements.txt": "lxml"}})
    web = world.git.repository("web", {"19.0": module("web_grid")}, default="19.0")
    process.ok("add_extra_repo", name="web", repo_url=web)
    return {"name": "sale", "repo_url": url, "modules": ["sale"], "extra_repos": ["web"]}
