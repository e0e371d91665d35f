"""The parts of one application that its faces share: settings, runner, limits, caches."""

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cachetools import TTLCache
from flask import current_app, g, has_request_context
from werkzeug.wsgi import ClosingIterator

from oduflow.blueprints.ports import (
    CredentialCheck,
    FactStore,
    LinkSource,
    Probe,
    RateLimitStore,
    SettingsSource,
    TokenVerifier,
    UploadSink,
    always_valid,
)
from oduflow.blueprints.processor_share import ProcessorShares, begin_call
from oduflow.blueprints.wait_limits import WaitLimiter
from oduflow.kernel.ports import AuditSink
from oduflow.kernel.runner import Runner
from oduflow.settings import Settings

EXTENSION = "oduflow"
MAX_KEYS = 10_000  # of an expiring set: about one megabyte
_SOURCE_LOCKS = 64  # two sources may share one
_SETTINGS = f"{EXTENSION}.settings"


class CallsInFlight:
    """Counts calls from their start until the server has taken the last byte of the response."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0

    def counting(self, app: WSGIApplication) -> WSGIApplication:
        """Return the application, with its calls counted."""

        def counted(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            self._add(1)
            try:
                answer = app(environ, start)
            except BaseException:
                self._add(-1)
                raise
            return ClosingIterator(answer, lambda: self._add(-1))

        return counted

    def wait(self, seconds: float) -> bool:
        """Wait until no call is in flight, at most so many seconds. Return whether none is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._number == 0, seconds)

    def _add(self, number: int) -> None:
        with self._changed:
            self._number += number
            self._changed.notify_all()


class ExpiringSet:
    """Keeps each key for some seconds after it was last added, and drops the oldest when full.

    It is safe to use from any thread.
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.monotonic, max_keys: int = MAX_KEYS
    ) -> None:
        self._keys: TTLCache[Hashable, None] = TTLCache(max_keys, seconds, clock)
        self._lock = threading.Lock()  # cachetools leaves locking to its caller

    def __contains__(self, key: Hashable) -> bool:
        """Return whether the key has been added and has not expired."""
        with self._lock:
            return key in self._keys

    def __len__(self) -> int:
        """Return how many keys are kept."""
        with self._lock:
            return len(self._keys)

    def add(self, key: Hashable) -> bool:
        """Add a key, or start its time anew. Return whether it was absent."""
        with self._lock:
            is_new = key not in self._keys
            self._keys[key] = None
            return is_new

    def discard(self, key: Hashable) -> None:
        """Remove a key, if it is there."""
        with self._lock:
            self._keys.pop(key, None)


@dataclass(frozen=True, slots=True)
class CredentialCache:
    """Recent results of credential checks in this process.

    Attributes:
        accepted: digests of credentials that were right in the last ten minutes, with their face,
            source and team.
        throttled: full counters that were logged in the last minute.
        warned_once: warnings that were already logged.
    """

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
        uploads: writes the parts of uploads.
        links: the links that sign a browser in.
        verifiers: verifiers of Bearer tokens besides the static ones, in the order of asking.
        still_valid: whether an actor's credential is still valid; asked while a stream is open.
        draining: set at SIGTERM; from then on new work is refused with 503.
        calls: the calls in flight.
        wait_limiter: limits the threads that wait, on every face.
        shares: what the calls of each team have used of the processor.
        credential_cache: recent results of credential checks.
    """

    configured: SettingsSource
    runner: Runner
    probe: Probe
    audit: AuditSink
    rate_limits: RateLimitStore
    facts: FactStore
    uploads: UploadSink
    links: LinkSource
    verifiers: Sequence[TokenVerifier] = ()
    still_valid: CredentialCheck = always_valid
    draining: threading.Event = field(default_factory=threading.Event)
    calls: CallsInFlight = field(default_factory=CallsInFlight)
    wait_limiter: WaitLimiter = field(default_factory=WaitLimiter)
    shares: ProcessorShares = field(default_factory=ProcessorShares)
    credential_cache: CredentialCache = field(default_factory=CredentialCache)

    def begin_call(self, team: str) -> None:
        """Wait until the team's share of the processor allows another call.

        Raises:
            RateLimited: as many calls of the team wait already as may.
        """
        begin_call(self.shares, team, alone=len(self.settings.teams) == 1)

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
