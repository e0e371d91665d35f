"""Containers and networks of the engine in memory."""

import builtins
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Network

from oduflow.adapters.docker.errors import NameTaken, PortTaken, SubnetTaken
from oduflow.adapters.docker.subnets import first_free
from oduflow.domain.clock import now
from oduflow.domain.container import (
    ContainerFacts,
    ContainerSpec,
    ExecResult,
    ExecSpec,
    NetworkFacts,
    RunResult,
)
from oduflow.domain.errors import Cancelled, Conflict, NotFound, UpstreamFailed
from oduflow.domain.progress_monitor import UNWATCHED, ProgressMonitor
from tests.support.memory.engine import HUNG_UP, KILLED, Container, MemoryEngine, carries, new_id
from tests.support.memory.images import MemoryImages


class MemoryContainers:
    """Has the methods of `adapters.docker.containers.Containers`."""

    def __init__(self, engine: MemoryEngine, images: MemoryImages) -> None:
        self._engine = engine
        self._images = images

    def create(self, spec: ContainerSpec) -> str:
        self._images.require(spec.image)
        for each in spec.networks:
            if each.network not in self._engine.networks:
                raise NotFound(f"There is no network {each.network}.")
        if spec.name in self._engine.containers:
            raise NameTaken(f"There is a container {spec.name}.")
        for mount in spec.mounts:
            if mount.kind == "volume" and mount.source not in self._engine.volumes:
                raise NotFound(f"There is no volume {mount.source}.")
        joined = {
            each.network: self._engine.address(each.network, each.address) for each in spec.networks
        }
        made = Container(spec, new_id(), joined=joined)
        self._engine.containers[spec.name] = made
        return made.id

    def start(self, name: str) -> None:
        container = self._get(name)
        if container.status == "running":
            return
        if {each.host_port for each in container.spec.publish} & self._engine.ports():
            raise PortTaken(f"A port of {name} is in use.", "Try another.")
        container.begin(self._engine.program(container.spec))

    def stop(self, name: str, timeout: int = 30) -> None:
        container = self._get(name)
        if container.status in {"running", "paused"}:
            container.end(container.run.stopped_code)

    def kill(self, name: str) -> None:
        container = self._get(name)
        if container.status in {"running", "paused"}:
            container.end(KILLED)

    def hang_up(self, name: str) -> bool:
        container = self._get(name)
        if container.status != "running":
            return False
        hung_up = container.run.hung_up
        if hung_up is None:
            container.end(HUNG_UP)
        else:
            container.log += [(now(), line) for line in hung_up]
        return True

    def pause(self, name: str) -> None:
        container = self._get(name)
        if container.status not in {"running", "paused"}:
            raise Conflict(f"{name} does not run.")
        container.status = "paused"

    def unpause(self, name: str) -> None:
        container = self._find(name)
        if container is not None and container.status == "paused":
            container.status = "running"
            if container.run.waits:
                container.go_on(self._engine.program(container.spec))

    def connections(self, name: str, port: int) -> frozenset[str]:
        container = self._find(name)
        return frozenset() if container is None else frozenset(container.connections)

    def rename(self, name: str, new_name: str) -> None:
        container = self._get(name)
        if new_name in self._engine.containers:
            raise NameTaken(f"There is a container {new_name}.")
        del self._engine.containers[container.spec.name]
        container.spec = replace(container.spec, name=new_name)
        self._engine.containers[new_name] = container

    def remove(self, name: str) -> None:
        container = self._find(name)
        if container is not None:
            del self._engine.containers[container.spec.name]

    def remove_empty_groups(self) -> None:
        return None

    def facts(self, name: str) -> ContainerFacts | None:
        container = self._find(name)
        return None if container is None else container.facts()

    def logs(self, name: str, *, tail: int = 200, since: datetime | None = None) -> str:
        lines = [line for moment, line in self._get(name).log if since is None or moment >= since]
        return "".join(f"{line}\n" for line in lines[-tail:])

    def run_one_off(
        self, spec: ContainerSpec, *, timeout: float, monitor: ProgressMonitor = UNWATCHED
    ) -> RunResult:
        name = self.create(spec)
        try:
            container = self._get(name)
            container.begin(self._engine.program(spec))
            output = "\n".join(container.run.lines)
            for line in container.run.lines:
                monitor.on_progress(line)
            if monitor.cancelled():
                raise Cancelled("Stopped on request.", output=output)
            if container.status == "running":
                raise UpstreamFailed(f"It did not end within {timeout:.0f} s.", output=output)
        finally:
            self.remove(name)
        return RunResult(container.exit_code, output, out_of_memory=container.out_of_memory)

    def run_inside(
        self, name: str, spec: ExecSpec, *, monitor: ProgressMonitor = UNWATCHED
    ) -> ExecResult:
        container = self._get(name)
        if container.status != "running":
            raise Conflict(f"Container {name} is {container.status}.")
        result = self._engine.inside(container, spec)
        for line in result.output.splitlines():
            monitor.on_progress(line)
        if monitor.cancelled():
            raise Cancelled("Stopped on request.", output=result.output)
        return result

    def end_inside(self, name: str, mark: str) -> None:
        container = self._find(name)
        if container is not None:
            container.ended_inside.append(mark)

    def list(self, labels: Mapping[str, str]) -> tuple[ContainerFacts, ...]:
        return tuple(
            each.facts(listed=True)
            for each in self._engine.containers.values()
            if carries(each.spec.labels, labels)
        )

    def _find(self, name: str) -> Container | None:
        everything = tuple(self._engine.containers.values())
        return next((each for each in everything if name in {each.id, each.spec.name}), None)

    def _get(self, name: str) -> Container:
        container = self._find(name)
        if container is None:
            raise NotFound(f"There is no container {name}.")
        return container


class MemoryNetworks:
    """Has the methods of `adapters.docker.networks.Networks`."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    def ensure(
        self,
        name: str,
        *,
        bridge_name: str,
        subnet: IPv4Network,
        icc: bool,
        labels: Mapping[str, str],
    ) -> NetworkFacts:
        wanted = NetworkFacts(name, bridge_name, str(subnet), dict(labels))
        found = self._engine.networks.get(name)
        if found is None:
            if any(subnet.overlaps(each) for each in self.subnets_in_use()):
                raise SubnetTaken(f"{subnet} is in use.")
            found = self._engine.networks[name] = wanted
        if (found.bridge, found.subnet) != (wanted.bridge, wanted.subnet):
            raise Conflict(f"Network {name} exists, but differs.")
        return found

    def facts(self, name: str) -> NetworkFacts | None:
        return self._engine.networks.get(name)

    def subnets_in_use(self) -> builtins.list[IPv4Network]:
        return [IPv4Network(each.subnet) for each in self._engine.networks.values()]

    def free_subnet(self, pool: IPv4Network) -> IPv4Network:
        return first_free(pool, self.subnets_in_use())

    def connect(self, name: str, container: str, address: str = "") -> None:
        joining = self._engine.containers.get(container)
        if joining is None or name not in self._engine.networks:
            raise NotFound(f"There is no network {name} or no container {container}.")
        if not joining.spec.networks:
            raise UpstreamFailed(f"{container} was made without a network.")
        if name in joining.joined:
            if address not in {"", joining.joined[name]}:
                raise Conflict(f"{container} is in {name} at {joining.joined[name]}.")
            return
        if address and address in {
            each.joined.get(name) for each in self._engine.containers.values()
        }:
            raise Conflict(f"Another container has the address {address}.")
        joining.joined[name] = self._engine.address(name, address)

    def remove(self, name: str) -> None:
        if any(name in each.joined for each in self._engine.containers.values()):
            raise Conflict(f"Containers are joined to {name}.")
        self._engine.networks.pop(name, None)

    def list(self, labels: Mapping[str, str]) -> tuple[NetworkFacts, ...]:
        everything = self._engine.networks.values()
        return tuple(each for each in everything if carries(each.labels, labels))
