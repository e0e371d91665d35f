"""The real Docker, and unique names, for every test of the Docker adapter."""

import os
import secrets
from collections.abc import Iterator

import pytest

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.docker.volumes import Volumes
from oduflow.domain.container import ContainerSpec


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def containers(engine: Engine) -> Containers:
    return Containers(engine)


@pytest.fixture(scope="session")
def networks(engine: Engine) -> Networks:
    return Networks(engine)


@pytest.fixture(scope="session")
def volumes(engine: Engine) -> Volumes:
    return Volumes(engine)


@pytest.fixture(scope="session")
def instance(containers: Containers, networks: Networks, volumes: Volumes) -> Iterator[str]:
    """A prefix of this process; everything with its label is removed at the end."""
    instance = f"test-dk-{os.getpid()}-{secrets.token_hex(2)}"
    yield instance
    labels = {"test.instance": instance}
    for container in containers.list(labels):
        containers.remove(container.name)
    for network in networks.list(labels):
        networks.remove(network.name)
    for volume in volumes.list(labels):
        volumes.remove(volume.name)


@pytest.fixture
def labels(instance: str) -> dict[str, str]:
    return {"test.instance": instance}


@pytest.fixture
def name(instance: str) -> str:
    return f"{instance}-{secrets.token_hex(3)}"


@pytest.fixture
def shell(name: str, labels: dict[str, str]) -> ContainerSpec:
    """A small hardened container; `replace` its command."""
    return ContainerSpec(name, "odoo:19.0", labels, entrypoint=("sh", "-c"), command=("sleep 60",))
