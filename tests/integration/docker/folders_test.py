"""Volumes in folders of the host do what Docker's own do: tests/contract/suites/volumes.py."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.volumes import Volumes
from tests.contract.suites.volumes import VolumesContract


@dataclass(frozen=True)
class PlainFolders:
    """Keeps each volume in a folder below `root`, as a pool does."""

    root: Path

    def path(self, name: str) -> Path:
        return self.root / name

    def paths(self, name: str) -> tuple[Path, ...]:
        return (self.path(name),)

    def new(self, name: str, _labels: Mapping[str, str]) -> Path:
        self.path(name).mkdir()
        return self.path(name)

    def remove(self, name: str, _labels: Mapping[str, str]) -> None:
        shutil.rmtree(self.path(name), ignore_errors=True)


class TestVolumesInFolders(VolumesContract):
    """Volumes in folders of the host."""

    def test_a_volume_that_docker_keeps_stays_where_it_is(
        self, engine: Engine, volumes: Volumes, name: str, labels: dict[str, str]
    ) -> None:
        before = Volumes(engine).ensure(name, labels=labels)
        assert volumes.ensure(name, labels=labels) == before
        volumes.remove(name)


@pytest.fixture(scope="session")
def volumes(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Volumes:
    return Volumes(engine, PlainFolders(tmp_path_factory.mktemp("volumes")))
