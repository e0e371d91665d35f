import os
from ipaddress import IPv4Network
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from oduflow.adapters.postgres.config import HBA_NAME
from oduflow.domain.container import ImageFacts
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.plan import Naming
from oduflow.services.server.database import DatabaseServer

ONE = {"team-1": IPv4Network("10.213.0.0/24")}
TWO = ONE | {"team-2": IPv4Network("10.213.1.0/24")}
AT_FIRST = ["prepare", "reload"]


def test_postgres_reloads_no_rules_while_nothing_changes(world):
    world.ensure(ONE)
    assert world.told == AT_FIRST
    written = world.rules.stat().st_mtime_ns

    world.ensure(ONE)

    assert world.told == AT_FIRST
    assert world.rules.stat().st_mtime_ns == written


def test_postgres_reloads_the_rules_of_other_networks_at_once(world):
    world.ensure(ONE)
    world.ensure(TWO)

    assert world.told == AT_FIRST * 2
    assert "10.213.1.0/24" in world.rules.read_text()


def test_rules_that_somebody_else_wrote_are_put_right(world):
    world.ensure(ONE)
    world.rules.write_text("other")
    world.ensure(ONE)

    assert world.told == AT_FIRST * 2
    assert "10.213.0.0/24" in world.rules.read_text()


def test_a_server_that_was_started_is_prepared(world):
    world.ensure(ONE)
    world.status = "exited"
    world.ensure(ONE)

    assert world.told == AT_FIRST * 2


def test_rules_that_were_written_but_never_read_are_read_later(world):
    world.ensure(ONE)
    world.broken = True
    with pytest.raises(UpstreamFailed):
        world.ensure(TWO)
    world.broken = False
    world.ensure(TWO)

    assert world.told == AT_FIRST * 2


def test_a_process_that_starts_has_the_rules_read(world):
    world.ensure(ONE)
    world.server = world.new_server()
    world.ensure(ONE)

    assert world.told == AT_FIRST * 2


def test_a_password_that_a_killed_run_left_is_removed(world):
    left = world.naming.postgres_folder() / "initdb-password"
    left.parent.mkdir(parents=True)
    left.write_text("secret")

    world.ensure(ONE)

    assert not left.exists()


class World:
    """A prepared cluster whose container runs."""

    def __init__(self, folder: Path) -> None:
        self.naming = Naming("oduflow", folder)
        self.rules = self.naming.postgres_folder() / "conf" / HBA_NAME
        self.told: list[str] = []
        self.status = "running"
        self.broken = False
        cluster = folder / "volume" / "cluster"
        cluster.mkdir(parents=True)
        (cluster / "PG_VERSION").touch()
        self.server = self.new_server()

    def new_server(self) -> DatabaseServer:
        image = ImageFacts("sha256:0", "postgres:18", 0, 0, (), MappingProxyType({}))
        parts: dict[str, Any] = {
            "containers": SimpleNamespace(
                facts=lambda _name: SimpleNamespace(status=self.status), start=self._start
            ),
            "images": SimpleNamespace(
                ensure=lambda _image, _progress: image,
                account=lambda _image, _user: (os.getuid(), os.getgid()),
            ),
            "networks": SimpleNamespace(connect=lambda _network, _name, _address: None),
            "volumes": SimpleNamespace(
                facts=lambda name: name, mountpoint=lambda _name: self.rules.parents[2] / "volume"
            ),
            "cluster": SimpleNamespace(
                ready=lambda: None,
                system_identifier=lambda: "42",
                prepare=self._prepare,
                reload=lambda: self.told.append("reload"),
            ),
            "facts": SimpleNamespace(get=lambda _key: "42"),
        }
        return DatabaseServer(image="postgres:18", naming=self.naming, **parts)

    def ensure(self, networks: dict[str, IPv4Network]) -> None:
        self.server.ensure(networks, lambda _line: None)

    def _start(self, _name: str) -> None:
        self.status = "running"

    def _prepare(self) -> None:
        if self.broken:
            raise UpstreamFailed("It broke.")
        self.told.append("prepare")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
