"""What every face is handed: the settings, the runner with its registry, and the probes."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from flask import current_app, g, has_request_context

from oduflow.blueprints.expiring_set import ExpiringSet
from oduflow.blueprints.health.ports import Probe
from oduflow.blueprints.in_flight import CallsInFlight
from oduflow.blueprints.ports import AttemptLedger, FactStore, Stands, TokenVerifier, always
from oduflow.blueprints.slots import Slots
from oduflow.kernel.ports import AuditSink
from oduflow.kernel.runner import Runner
from oduflow.settings import Settings, SettingsSource

EXTENSION = "oduflow"
_TURNS = 64  # two places may share one
_SETTINGS = f"{EXTENSION}.settings"


@dataclass(frozen=True, slots=True)
class Seen:
    """What this process remembers of credentials, for a moment.

    Attributes:
        key: makes marks of credentials; random, so a mark means nothing elsewhere.
        right: marks of credentials that were right a moment ago.
        refused: full counters that the log was told of a moment ago.
        told: what is told only once.
    """

    key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)
    right: ExpiringSet = field(default_factory=lambda: ExpiringSet(600))
    refused: ExpiringSet = field(default_factory=lambda: ExpiringSet(60))
    told: set[str] = field(default_factory=set)
    _turns: tuple[threading.RLock, ...] = field(
        default_factory=lambda: tuple(threading.RLock() for _ in range(_TURNS))
    )

    def turn(self, source: str) -> threading.RLock:
        """Return the lock that lets one credential at a time be tried from one place."""
        return self._turns[hash(source) % _TURNS]


@dataclass(frozen=True, slots=True)
class Context:
    """One application's parts, as its faces may know them.

    Attributes:
        configured: the configuration as it is now; `settings` is what one request sees of it.
        attempts: counts wrong credentials.
        facts: where what is seen is remembered for other processes.
        audit: where sign-ins and refusals are remembered, beside the runner's calls.
        verifiers: who knows Bearer tokens besides the static ones, in the order they are asked.
        stands: whether what let an actor in still would; asked again while a stream is open.
        draining: set at SIGTERM; new work is refused with 503 from then on.
        calls: how many are in flight.
        slots: who may keep a thread waiting, on every face.
    """

    configured: SettingsSource
    runner: Runner
    probe: Probe
    audit: AuditSink
    attempts: AttemptLedger
    facts: FactStore
    verifiers: Sequence[TokenVerifier] = ()
    stands: Stands = always
    draining: threading.Event = field(default_factory=threading.Event)
    calls: CallsInFlight = field(default_factory=CallsInFlight)
    slots: Slots = field(default_factory=Slots)
    seen: Seen = field(default_factory=Seen)

    @property
    def settings(self) -> Settings:
        """The configuration; it stays the same from a request's beginning to its end."""
        if not has_request_context():
            return self.configured.current()
        if _SETTINGS not in g:
            setattr(g, _SETTINGS, self.configured.current())
        return cast("Settings", getattr(g, _SETTINGS))


def context() -> Context:
    """Return the running application's parts."""
    return cast("Context", current_app.extensions[EXTENSION])
