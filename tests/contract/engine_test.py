"""The engine in memory; tests/integration/docker/contract_test.py has the real half."""

from collections.abc import Callable
from pathlib import Path

import pytest

from oduflow.domain.container import (
    ContainerFacts,
    ContainerSpec,
    ExecResult,
    ExecSpec,
    NetworkFacts,
)
from tests.contract.suites.containers import ContainersContract
from tests.contract.suites.images import ImagesContract
from tests.contract.suites.networks import NetworksContract
from tests.contract.suites.volumes import UnmountedContract, VolumesContract
from tests.support.memory.containers import MemoryContainers, MemoryNetworks
from tests.support.memory.engine import Container, MemoryEngine, Run
from tests.support.memory.images import MemoryImages, image
from tests.support.memory.volumes import MemoryVolumes
from tests.support.networks import POOL


class TestContainersInMemory(ContainersContract):
    """Containers."""


class TestNetworksInMemory(NetworksContract):
    """Networks."""


class TestVolumesInMemory(VolumesContract, UnmountedContract):
    """Volumes."""


class TestImagesInMemory(ImagesContract):
    """Images."""


def shell_program(spec: ContainerSpec) -> Run:
    """Run the words of the shell that the suites use."""
    lines: list[str] = []
    for word, _, rest in (part.strip().partition(" ") for part in spec.command[0].split(";")):
        if word == "exit":
            return Run(tuple(lines), int(rest))
        if word == "echo":
            lines.append(rest)
    return Run(tuple(lines))


def shell_inside(_container: Container, spec: ExecSpec) -> ExecResult:
    """Run the programs that the suites use."""
    if spec.command[0] == "cat":
        return ExecResult(0, spec.stdin.decode(), 0.0)
    if spec.command[0] != "sh":
        return ExecResult(127, "", 0.0)
    if "sleep 60" in spec.command[-1]:
        return ExecResult(137, "begun\n", spec.timeout, timed_out=True)
    run = shell_program(ContainerSpec("", "", {}, (), spec.command[-1:]))
    return ExecResult(run.exit_code or 0, "".join(f"{line}\n" for line in run.lines), 0.0)


@pytest.fixture
def engine(tmp_path: Path) -> MemoryEngine:
    return MemoryEngine(tmp_path, shell_program, inside=shell_inside)


@pytest.fixture
def images() -> MemoryImages:
    return MemoryImages([image("odoo:19.0"), image("postgres:18")])


@pytest.fixture
def containers(engine: MemoryEngine, images: MemoryImages) -> MemoryContainers:
    return MemoryContainers(engine, images)


@pytest.fixture
def networks(engine: MemoryEngine) -> MemoryNetworks:
    return MemoryNetworks(engine)


@pytest.fixture
def volumes(engine: MemoryEngine) -> MemoryVolumes:
    return MemoryVolumes(engine)


@pytest.fixture
def absent(volumes: MemoryVolumes) -> set[str]:
    """The volumes whose file system is not mounted."""
    return volumes.absent


@pytest.fixture
def name() -> str:
    return "test-memory"


@pytest.fixture
def labels() -> dict[str, str]:
    return {"test.instance": "test-memory"}


@pytest.fixture
def shell(name: str, labels: dict[str, str]) -> ContainerSpec:
    return ContainerSpec(name, "odoo:19.0", labels, entrypoint=("sh", "-c"), command=("sleep 60",))


@pytest.fixture
def network(networks: MemoryNetworks, name: str, labels: dict[str, str]) -> NetworkFacts:
    return make_network(networks, name, labels)


@pytest.fixture
def home(networks: MemoryNetworks, name: str, labels: dict[str, str]) -> NetworkFacts:
    return make_network(networks, f"{name}-home", labels)


@pytest.fixture
def free_port() -> int:
    return 20000


@pytest.fixture
def ended(containers: MemoryContainers) -> Callable[[str], ContainerFacts | None]:
    return containers.facts


def make_network(networks: MemoryNetworks, name: str, labels: dict[str, str]) -> NetworkFacts:
    subnet = networks.free_subnet(POOL)
    return networks.ensure(name, bridge_name=f"br-{name}", subnet=subnet, icc=False, labels=labels)
