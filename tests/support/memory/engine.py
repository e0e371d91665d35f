"""A Docker engine in memory: what it knows, and the programs that its containers run.

The parts in `containers`, `images`, `networks` and `volumes` have the methods of the real adapters
and are held to the same contract suites. Volumes are real folders, because the product writes
files into them.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal

from oduflow.domain.clock import now, rfc3339
from oduflow.domain.container import (
    ContainerFacts,
    ContainerSpec,
    ExecResult,
    ExecSpec,
    NetworkFacts,
    VolumeFacts,
)

HUNG_UP = 129  # 128 + SIGHUP
TERMINATED = 143  # 128 + SIGTERM
KILLED = 137  # 128 + SIGKILL

Status = Literal["created", "running", "paused", "exited"]


@dataclass(frozen=True)
class Run:
    """What a program does when it is started.

    Attributes:
        lines: what it prints.
        exit_code: how it ends; None goes on until it is stopped.
        stopped_code: how it ends when it is asked to stop.
        waits: whether it goes on with something else once it was paused.
        hung_up: what it prints when it starts itself again at SIGHUP; None ends it.
    """

    lines: tuple[str, ...] = ()
    exit_code: int | None = None
    out_of_memory: bool = False
    stopped_code: int = TERMINATED
    waits: bool = False
    hung_up: tuple[str, ...] | None = None


Program = Callable[[ContainerSpec], Run]


Inside = Callable[["Container", ExecSpec], ExecResult]


def nothing_inside(_container: "Container", _spec: ExecSpec) -> ExecResult:
    """Run a command that prints nothing and succeeds."""
    return ExecResult(0, "", 0.0)


def run_forever(_spec: ContainerSpec) -> Run:
    """Run until stopped, and print nothing."""
    return Run()


@dataclass
class Container:
    """One container of the engine."""

    spec: ContainerSpec
    id: str
    status: Status = "created"
    run: Run = field(default_factory=Run)
    exit_code: int = 0
    out_of_memory: bool = False
    started_at: datetime | None = None
    joined: dict[str, str] = field(default_factory=dict)
    log: list[tuple[datetime, str]] = field(default_factory=list)
    connections: set[str] = field(default_factory=set)
    ended_inside: list[str] = field(default_factory=list)

    def begin(self, run: Run) -> None:
        """Run a program, to its end where it has one."""
        self.run, self.started_at = run, now()
        self.log += [(self.started_at, line) for line in run.lines]
        self.status, self.exit_code, self.out_of_memory = "running", 0, False
        if run.exit_code is not None:
            self.end(run.exit_code, out_of_memory=run.out_of_memory)

    def go_on(self, run: Run) -> None:
        """Run something else in the same process."""
        started = self.started_at
        self.begin(run)
        self.started_at = started

    def end(self, code: int, *, out_of_memory: bool = False) -> None:
        self.status, self.exit_code, self.out_of_memory = "exited", code, out_of_memory

    def facts(self, *, listed: bool = False) -> ContainerFacts:
        """Describe it, in a list with less than by its name."""
        started = "" if listed or self.started_at is None else rfc3339(self.started_at)
        running = self.status in {"running", "paused"}
        return ContainerFacts(
            id=self.id,
            name=self.spec.name,
            status=self.status,
            exit_code=self.exit_code,
            labels=dict(self.spec.labels),
            addresses=dict(self.joined) if running else {},
            started_at=started,
            out_of_memory=self.out_of_memory and not listed,
        )


@dataclass
class MemoryEngine:
    """One engine.

    Attributes:
        folder: where the volumes are.
        program: what a container runs.
        inside: what a command in a running container does.
        options: those of volumes that show other folders.
        taken_ports: host ports that other programs of the machine use.
    """

    folder: Path
    program: Program = run_forever
    inside: Inside = nothing_inside
    containers: dict[str, Container] = field(default_factory=dict)
    volumes: dict[str, VolumeFacts] = field(default_factory=dict)
    networks: dict[str, NetworkFacts] = field(default_factory=dict)
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    taken_ports: set[int] = field(default_factory=set)

    def address(self, network: str, wanted: str = "") -> str:
        """Return the wanted address, or the next free one, of a network."""
        if wanted:
            return wanted
        used = {each.joined.get(network) for each in self.containers.values()}
        hosts = list(IPv4Network(self.networks[network].subnet).hosts())[8:]
        return next(str(host) for host in hosts if str(host) not in used)

    def ports(self) -> set[int]:
        """Return the host ports in use; a paused container keeps its own."""
        return self.taken_ports | {
            each.host_port
            for container in self.containers.values()
            if container.status in {"running", "paused"}
            for each in container.spec.publish
        }

    def restart(self) -> None:
        """Stop every container as an engine does that is restarted."""
        for container in self.containers.values():
            if container.status in {"running", "paused"}:
                container.end(container.run.stopped_code)


def new_id() -> str:
    """Make an id like the engine's."""
    return secrets.token_hex(32)


def carries(found: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Tell whether something carries all these labels; an empty value means any."""
    return all(key in found and (not value or found[key] == value) for key, value in wanted.items())
