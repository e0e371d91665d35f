"""Volumes in folders of the host do what Docker's own do: tests/contract/suites/volumes.py."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.volumes import Volumes
from oduflow.domain.errors import UpstreamFailed
from tests.contract.suites.volumes import UnmountedContract, VolumesContract


@dataclass(frozen=True)
class PlainFolders:
    """Keeps each volume in a folder below `root`, as a pool does."""

    root: Path
    absent: set[str] = field(default_factory=set)

    def path(self, name: str) -> Path:
        return self.root / name

    def paths(self, name: str) -> tuple[Path, ...]:
        return (self.path(name),)

    def new(self, name: str, _labels: Mapping[str, str]) -> Path:
        self.path(name).mkdir()
        return self.path(name)

    def remove(self, name: str, _folder: Path | None) -> None:
        shutil.rmtree(self.path(name), ignore_errors=True)

    def require_folder(self, folder: Path) -> None:
        if folder.name in self.absent:
            raise UpstreamFailed("not mounted")


class TestVolumesInFolders(VolumesContract, UnmountedContract):
    """Volumes in folders of the host."""

    def test_a_volume_that_docker_keeps_stays_where_it_is(
        self, engine: Engine, volumes: Volumes, name: str, labels: dict[str, str]
    ) -> None:
        before = Volumes(engine).ensure(name, labels=labels)
        assert volumes.ensure(name, labels=labels) == before
        volumes.remove(name)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> PlainFolders:
    return PlainFolders(tmp_path_factory.mktemp("volumes"))


@pytest.fixture
def absent(folders: PlainFolders) -> set[str]:
    """The volumes whose file system is not mounted."""
    return folders.absent


@pytest.fixture(scope="session")
def volumes(engine: Engine, folders: PlainFolders) -> Volumes:
    return Volumes(engine, folders)
