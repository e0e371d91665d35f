"""The real engine's half of the contracts: tests/contract/engine_test.py has the other."""

import time
from collections.abc import Callable, Iterator

import pytest

from oduflow.adapters.docker.build import build_image
from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.images import Images
from oduflow.adapters.docker.networks import Networks
from oduflow.domain.container import ContainerFacts, NetworkFacts
from tests.contract.suites.containers import ContainersContract
from tests.contract.suites.images import ImagesContract
from tests.contract.suites.networks import NetworksContract
from tests.contract.suites.volumes import VolumesContract
from tests.support.networks import make_network
from tests.support.ports import free_port as next_free_port


class TestContainers(ContainersContract):
    """Containers."""


class TestNetworks(NetworksContract):
    """Networks."""


class TestVolumes(VolumesContract):
    """Volumes."""


class TestImages(ImagesContract):
    """Images."""


@pytest.fixture
def images(engine: Engine, labels: dict[str, str], instance: str) -> Images:
    return Images(engine, build_image, labels, prefix=instance)


@pytest.fixture
def network(networks: Networks, name: str, instance: str) -> Iterator[NetworkFacts]:
    yield make_network(networks, instance, name)
    networks.remove(name)


@pytest.fixture
def home(networks: Networks, name: str, instance: str) -> Iterator[NetworkFacts]:
    yield make_network(networks, instance, f"{name}-home")
    networks.remove(f"{name}-home")


@pytest.fixture
def free_port() -> int:
    return next_free_port()


@pytest.fixture
def ended(containers: Containers) -> Callable[[str], ContainerFacts | None]:
    """Wait until a container's program has ended."""

    def facts(name: str) -> ContainerFacts | None:
        deadline = time.monotonic() + 10
        while True:
            found = containers.facts(name)
            if found is None or found.status == "exited" or time.monotonic() > deadline:
                return found
            time.sleep(0.05)

    return facts
