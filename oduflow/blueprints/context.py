"""The parts of one application that its faces share: settings, runner, limits, caches."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from flask import current_app, g, has_request_context

from oduflow.blueprints.expiring_set import ExpiringSet
from oduflow.blueprints.in_flight import CallsInFlight
from oduflow.blueprints.ports import (
    CredentialCheck,
    FactStore,
    Probe,
    RateLimitStore,
    TokenVerifier,
    always_valid,
)
from oduflow.blueprints.wait_limits import WaitLimiter
from oduflow.kernel.ports import AuditSink
from oduflow.kernel.runner import Runner
from oduflow.settings import Settings, SettingsSource

EXTENSION = "oduflow"
_SOURCE_LOCKS = 64  # two sources may share one
_SETTINGS = f"{EXTENSION}.settings"


@dataclass(frozen=True, slots=True)
class CredentialCache:
    """Recent results of credential checks in this process.

    Attributes:
        key: keys the fingerprints of credentials; random, so they mean nothing elsewhere.
        accepted: fingerprints of credentials that were right in the last ten minutes.
        throttled: full counters that were logged in the last minute.
        warned_once: warnings that were already logged.
    """

    key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)
    accepted: ExpiringSet = field(default_factory=lambda: ExpiringSet(600))
    throttled: ExpiringSet = field(default_factory=lambda: ExpiringSet(60))
    warned_once: set[str] = field(default_factory=set)
    _locks: tuple[threading.RLock, ...] = field(
        default_factory=lambda: tuple(threading.RLock() for _ in range(_SOURCE_LOCKS))
    )

    def source_lock(self, source: str) -> threading.RLock:
        """Return the lock under which credentials from one source are compared one at a time."""
        return self._locks[hash(source) % _SOURCE_LOCKS]


@dataclass(frozen=True, slots=True)
class Context:
    """The parts that the faces of one application use.

    Attributes:
        configured: the configuration, read anew; `settings` stays the same within a request.
        audit: the audit log, for sign-ins and refusals; the runner writes the calls itself.
        rate_limits: counts wrong credentials.
        facts: facts that other processes read.
        verifiers: verifiers of Bearer tokens besides the static ones, in the order of asking.
        still_valid: whether an actor's credential is still valid; asked while a stream is open.
        draining: set at SIGTERM; from then on new work is refused with 503.
        calls: the calls in flight.
        wait_limiter: limits the threads that wait, on every face.
        credential_cache: recent results of credential checks.
    """

    configured: SettingsSource
    runner: Runner
    probe: Probe
    audit: AuditSink
    rate_limits: RateLimitStore
    facts: FactStore
    verifiers: Sequence[TokenVerifier] = ()
    still_valid: CredentialCheck = always_valid
    draining: threading.Event = field(default_factory=threading.Event)
    calls: CallsInFlight = field(default_factory=CallsInFlight)
    wait_limiter: WaitLimiter = field(default_factory=WaitLimiter)
    credential_cache: CredentialCache = field(default_factory=CredentialCache)

    @property
    def settings(self) -> Settings:
        """The configuration; it does not change from a request's beginning to its end."""
        if not has_request_context():
            return self.configured.current()
        if _SETTINGS not in g:
            setattr(g, _SETTINGS, self.configured.current())
        return cast("Settings", getattr(g, _SETTINGS))


def context() -> Context:
    """Return the current application's parts."""
    return cast("Context", current_app.extensions[EXTENSION])
