"""An environment that serves, and a backup to import."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.backup_files import allowing, write_backup
from tests.support.held import EnvironmentContents
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld


@pytest.fixture
def held(world: MemoryWorld, process: Process, sale: dict[str, Any]) -> EnvironmentContents:
    process.ok("create_environment", **sale | {"modules": []})
    made = EnvironmentContents(world, process)
    made.write("first")
    return made


@pytest.fixture
def imports(tmp_path: Path) -> Path:
    folder = tmp_path / "imports"
    folder.mkdir()
    return folder


@pytest.fixture
def bare(world, imports):
    """A process without a template, whose operator allows one folder."""
    world.team_users["1"] = os.getuid()
    return Process(world, allowing(imports))


@pytest.fixture
def backup(imports: Path) -> Path:
    """A backup as Odoo's database manager makes it."""
    return write_backup(imports / "prod.zip")
