"""What canaries see in a world in memory, where everything is refused unless a test opens it."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oduflow.domain.container import ContainerSpec
from oduflow.services.isolation.probes import USER_LIMITS
from oduflow.services.isolation.targets import Host
from tests.support.memory.engine import Program, Run

FULL = "0000000000000000"
DISKS = ("temporary_files", "files", "rows")
EXHAUSTING = (
    *("notify", "locks", "connections", "threads", "processors"),
    *(*USER_LIMITS, "memory", "database_memory"),
    *DISKS,
)
STATUS = {"Uid": "100", "CapEff": FULL, "CapBnd": FULL, "NoNewPrivs": "1", "Seccomp": "2"}
LATER = 1e6  # seconds: the observer's looks are after every phase


class QuietHost(Host):
    """A machine that connects to everything."""

    def connect(self, address: str, port: int) -> str:
        return "connected"

    @contextmanager
    def listening(self, addresses: tuple[str, ...]) -> Iterator[int]:
        yield 4000

    def address(self) -> str:
        return "192.0.2.7"

    def router(self) -> str:
        return "192.0.2.1"


@dataclass
class MemoryCanaries:
    """The programs of the canaries.

    Attributes:
        found: answers of the attacker's phases that differ from those of an isolated world.
        reached: the targets that it connects to, besides its own database.
        failing: what fails for the other team's canary.
        heard: the notifications that the other canary gets.
    """

    others: Program
    found: dict[str, Any] = field(default_factory=dict)
    reached: frozenset[str] = frozenset()
    failing: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()

    def program(self, spec: ContainerSpec) -> Run:
        """Run a canary's script, or what else a container was made for."""
        script = spec.entrypoint[-1].rpartition("/")[2]
        if script == "canary_observer.py":
            return Run(tuple(map(json.dumps, self._beats())))
        if script == "canary.py":
            return Run(tuple(map(json.dumps, self._attack(_targets(spec)))), 0)
        return self.others(spec)

    def _attack(self, targets: Iterable[str]) -> Iterator[dict[str, Any]]:
        reach = dict.fromkeys(targets, "dropped")
        reach |= dict.fromkeys(("own database", *self.reached), "connected")
        for phase, found in (answers() | {"reach": reach} | self.found).items():
            yield {"begin": phase}
            if phase in EXHAUSTING:
                yield {"held": phase}
            if found is None:
                yield {"phase": phase, "error": "it broke"}
            else:
                yield {"phase": phase, "found": found}

    def _beats(self) -> Iterator[dict[str, Any]]:
        for _ in range(3):
            yield {
                "at": time.monotonic() + LATER,
                "seconds": 0.02,
                "failures": self.failing,
                "heard": self.heard,
            }


def _targets(spec: ContainerSpec) -> Iterable[str]:
    """Name what a canary is to connect to."""
    script = spec.entrypoint[-1]
    (folder,) = (each.source for each in spec.mounts if script.startswith(f"{each.target}/"))
    return list(json.loads(Path(folder, "canary.json").read_text())["targets"])


def answers() -> dict[str, Any]:
    """Return what each phase of the attacker finds in an isolated world."""
    process = {
        "status": {key: [value] for key, value in STATUS.items()},
        "environment": ["HOME"],
        "ipv6": [],
    }
    return {
        "reach": {"own database": "connected", "ssh": "dropped"},
        "names": {"memory-db-isolation-probe-a": True},
        "process": process,
        "mounts": {"written": {"/var/lib/odoo": "ext4"}, "sockets": []},
        "kernel": [],
        "catalog": {"names": ["postgres"], "entered": [], "statements": []},
        "notify": 1,
        "locks": {"advisory": "42501", "tables": 10_000},
        "connections": {"sessions": 20, "connections": 3},
        "threads": 500,
        "processors": 1.0,
        **dict.fromkeys(USER_LIMITS, 128),
        "memory": 9,
        "database_memory": False,
        "root_files": [],
        **{phase: {"bytes": 900 << 20, "refused": True} for phase in DISKS},
    }
