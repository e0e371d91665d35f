"""The attack: start the canaries, run the attacker, and look at the other team meanwhile."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from oduflow.domain.container import ImageFacts
from oduflow.domain.errors import NotFound
from oduflow.domain.plan import POSTGRES_PORT
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.services.isolation.canaries import (
    ATTACKER,
    DATABASE_MEMORY,
    LIMITS,
    NEIGHBOUR,
    OTHER,
    OTHER_TEAM,
    OWN_TEAM,
    Canaries,
    Canary,
)
from oduflow.services.isolation.evidence import Beat, Evidence
from oduflow.services.isolation.targets import Host, gateways, targets
from oduflow.services.saga import Step
from oduflow.settings import INTERNET

OUTSIDE_NAME = "example.com"
ATTACK_SECONDS = 180.0
DISK = 4 << 30  # what the attacker writes at most: more than its file system has
UNLIMITED_DISK = 512 << 20  # where nothing may stop it
LOOK_SECONDS = 30.0  # that the other canary may need for its looks
LOOKS = 2  # of the other canary, while the attacker holds what it exhausted
POLL_SECONDS = 0.1
LOG_LINES = 60

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Attack:
    """The steps of one check.

    Attributes:
        tell: gets a line for each step and phase.
        evidence: what was seen.
    """

    canaries: Canaries
    image: ImageFacts
    host: Host
    tell: Callable[[str], None]
    cancelled: Callable[[], bool]
    evidence: Evidence = field(default_factory=Evidence, init=False)
    _begun: dict[str, float] = field(default_factory=dict, init=False)

    def steps(self) -> tuple[Step, ...]:
        """List the steps; the caller removes what they make, whether they succeed or not."""
        canaries = self.canaries
        return (
            Step("networks", "creating the networks of two teams", canaries.add_networks),
            Step("databases", "starting a PostgreSQL for each", canaries.add_databases),
            Step("observers", "starting the canaries that observe", self.observe),
            Step("attack", "attacking from the third", self.attack),
        )

    def on_step(self, step: Step, number: int, total: int) -> None:
        """Report which step begins."""
        self.tell(f"step {number} of {total}: {step.message}")

    def observe(self) -> None:
        """Start the observers."""
        self.canaries.add_observers(self.image)

    def attack(self) -> None:
        """Run the attacker to its end."""
        seen, moment = self.evidence, time.monotonic()
        self._looks(NEIGHBOUR, moment, moment)  # it listens from then on
        seen.quiet = self._looks(OTHER, moment, moment)
        with self.host.listening(gateways(self.canaries)) as port:
            seen.targets = targets(self.canaries, self.host, port)
            seen.names, seen.own_name = self._foreign_names(), self._own_name
            seen.outside_name = "" if self._opens_internet else OUTSIDE_NAME
            seen.foreign = frozenset({self.canaries.plan(OTHER).database})
            spec = self.canaries.specification(ATTACKER, self.image, self._settings())
            seen.variables = frozenset(self.image.environment.keys() | spec.environment.keys())
            result = self.canaries.deps.engine.containers.run_one_off(
                spec,
                timeout=ATTACK_SECONDS,
                monitor=ProgressMonitor(self._take, self.cancelled),
            )
        if result.exit_code:
            log.warning("the attacking canary ended with %d: %s", result.exit_code, result.output)

    @property
    def _own_name(self) -> str:
        return self.canaries.deps.naming.database(OWN_TEAM)

    def _foreign_names(self) -> tuple[str, ...]:
        naming, container = self.canaries.deps.naming, self.canaries.plan(OTHER).container
        return (
            container,
            f"{container}.{naming.team_network(OTHER_TEAM)}",
            OTHER.name,
            naming.database(OTHER_TEAM),
            "host.docker.internal",
        )

    @property
    def _opens_internet(self) -> bool:
        return INTERNET in self.canaries.deps.settings.firewall.egress

    def _settings(self) -> dict[str, Any]:
        seen = self.evidence
        address = self.canaries.deps.infrastructure.database_address(OWN_TEAM)
        return {
            "targets": {target.name: (target.address, target.port) for target in seen.targets},
            "names": [*seen.names, seen.own_name, *filter(None, [seen.outside_name])],
            "database": (address, POSTGRES_PORT),
            "databases": [self.canaries.plan(NEIGHBOUR).database],
            "pids": LIMITS.pids,
            "memory": LIMITS.memory,
            "database_memory": DATABASE_MEMORY,
            "disk": DISK if self.canaries.deps.infrastructure.pools.limited else UNLIMITED_DISK,
        }

    def _take(self, line: str) -> None:
        """Take one line of the attacker's output."""
        seen = self.evidence
        try:
            said = json.loads(line)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            log.info("the attacking canary: %s", line)
        elif begun := said.get("begin"):
            self.tell(f"probing: {begun.replace('_', ' ')}")
            self._begun[begun] = time.monotonic()
        elif held := said.get("held"):
            now = time.monotonic()
            seen.beats[held] = self._looks(OTHER, self._begun.get(held, now), now)
            self.canaries.release(held)
        elif "found" in said:
            seen.found[said["phase"]] = said["found"]
        elif "error" in said:
            seen.errors[said["phase"]] = said["error"]

    def _looks(self, canary: Canary, since: float, until: float) -> tuple[Beat, ...]:
        """Return an observer's beats since a moment, some of which began after another."""
        deadline = time.monotonic() + LOOK_SECONDS
        while True:
            beats = tuple(beat for beat in self._beats(canary) if beat.at >= since)
            enough = sum(beat.at >= until for beat in beats) >= LOOKS
            if enough or self.cancelled() or time.monotonic() > deadline:
                return beats
            time.sleep(POLL_SECONDS)

    def _beats(self, canary: Canary) -> Iterator[Beat]:
        name = self.canaries.plan(canary).container
        printed = ""
        with suppress(NotFound):
            printed = self.canaries.deps.engine.containers.logs(name, tail=LOG_LINES)
        for line in printed.splitlines():
            with suppress(ValueError, KeyError, TypeError):
                said = json.loads(line)
                yield Beat(
                    said["at"], said["seconds"], tuple(said["failures"]), tuple(said["heard"])
                )
