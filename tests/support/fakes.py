"""The kernel's ports in memory, and a whole application built on them.

`make_world(TOML)` wires the real runner and the real jobs to fake adapters. A world has the
members that `create_app` needs of its services, so `world.app` is the application itself:

    world = make_world(TWO_TEAMS)
    answer = world.client().get("/api/things", headers=basic(BLUE_PASSWORD))
"""

import base64
import builtins
import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from oduflow.blueprints.context import Context
from oduflow.blueprints.ports import (
    CredentialCheck,
    RateLimitStore,
    SettingsSource,
    TokenVerifier,
    UploadSink,
    always_valid,
)
from oduflow.domain.access import Actor
from oduflow.domain.audit.rows import AuditRow, NumberedAuditRow
from oduflow.domain.boot_queue import BootKind, WaitingBoot
from oduflow.domain.clock import now
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Busy, QuotaReached, Unauthenticated
from oduflow.domain.job import Job, Progress
from oduflow.domain.names import new_id
from oduflow.domain.outcome import FINISHED, Status
from oduflow.domain.rate_limits import Claim, Reservation
from oduflow.domain.status import HealthFinding
from oduflow.kernel.jobs import Jobs
from oduflow.kernel.locks import LockKey
from oduflow.kernel.operation import Operation
from oduflow.kernel.ports import EnvironmentLookup, GrantUsage
from oduflow.kernel.registry import Registry
from oduflow.kernel.runner import Runner
from oduflow.services.access.github import GithubAuthenticator
from oduflow.settings import Settings, parse
from oduflow.web import create_app
from tests.support.fake_links import FakeLinks
from tests.support.fake_uploads import FakeUploads
from tests.support.oauth_stores import TemporaryOAuthStores
from tests.support.store_rows import environment
from tests.support.things import THINGS

if TYPE_CHECKING:
    from oduflow.bootstrap import Services

BASE_URL = "http://localhost:8000"
BLUE_PASSWORD = "blue-password-0123"
BLUE_TOKEN = "blue-token-01234567"
RED_PASSWORD = "red-password-01234"
RED_TOKEN = "red-token-012345678"

ONE_TEAM = f"""\
[team.1]
name = "Blue"
auth_token = "{BLUE_TOKEN}"
ui_password = "{BLUE_PASSWORD}"
"""
TWO_TEAMS = f"""\
{ONE_TEAM}
[team.2]
name = "Red"
auth_token = "{RED_TOKEN}"
ui_password = "{RED_PASSWORD}"
"""
OPEN = "[team.1]\n"


class FakeJobStore:
    """Rows of jobs in a dictionary, with every progress event; see the contract suite of jobs."""

    def __init__(self) -> None:
        self.rows: dict[str, Job] = {}
        self.events: list[tuple[str, Progress]] = []
        self._queue: dict[str, WaitingBoot] = {}  # in the order in which they began to wait
        self._guard = threading.Lock()

    def add(self, job: Job) -> None:
        self.rows[job.id] = job

    def get(self, team: str, job: str) -> Job | None:
        found = self.rows.get(job)
        return found if found and found.actor.team == team else None

    def list(
        self, team: str, *, active: bool, limit: int, environments: frozenset[str] | None = None
    ) -> Sequence[Job]:
        mine = [
            job
            for job in self._by_age()
            if job.actor.team == team and (environments is None or job.environment in environments)
        ]
        wanted = [job for job in mine[::-1] if not active or job.status not in FINISHED]
        return tuple(wanted[:limit])

    def unfinished(self) -> Sequence[Job]:
        return [job for job in self._by_age() if job.status not in FINISHED]

    def waiting(self) -> Sequence[WaitingBoot]:
        return list(self._queue.values())

    def progress(self, job: str, progress: Progress) -> None:
        self.events.append((job, progress))
        self._change(job, progress=progress)

    def queue(self, job: str, position: int, kind: BootKind) -> None:
        status = Status.QUEUED if position else Status.RUNNING
        if position and job in self.rows and job not in self._queue:
            self._queue[job] = WaitingBoot(job, self.rows[job].actor.team, kind)
        self._change(job, position=position, status=status)

    def finish(self, job: str, status: Status, result: dict[str, Any]) -> None:
        self._change(job, status=status, result=result, position=0)

    def prune(self, before: datetime) -> int:
        ended = [row for row in self.rows.values() if row.status in FINISHED]
        old = [row.id for row in ended if row.updated_at < before]
        for job in old:
            del self.rows[job]
        return len(old)

    def request_cancel(self, job: str) -> None:
        self._change(job, cancel_requested=True)

    def cancel_requested(self, job: str) -> bool:
        return job in self.rows and self.rows[job].cancel_requested

    def _by_age(self) -> builtins.list[Job]:
        return sorted(self.rows.values(), key=lambda job: (job.created_at, job.id))

    def _change(self, job: str, **changes: Any) -> None:
        with self._guard:
            row = self.rows.get(job)
            if row is None or row.status in FINISHED:
                return
            row = self.rows[job] = replace(row, updated_at=now(), **changes)
            if row.position == 0:
                self._queue.pop(job, None)


@dataclass
class FakeOutputs:
    """Stored outputs in a dictionary; see the contract suite of outputs.

    Attributes:
        stored: environment's id and text or image by team and handle.
        full: whether the disk is full.
    """

    stored: dict[tuple[str, str], tuple[str, str | bytes]] = field(default_factory=dict)
    full: bool = False

    def keep(self, content: str | bytes, *, team: str, environment: str) -> str:
        if self.full:
            raise QuotaReached("The disk is full.", "Free disk space.")
        handle = new_id()
        self.stored[team, handle] = (environment, content)
        return handle

    def environment(self, team: str, handle: str) -> str | None:
        return self.stored.get((team, handle), (None, None))[0]

    def read(self, team: str, handle: str) -> str | None:
        found = self.stored.get((team, handle), (None, None))[1]
        return found if isinstance(found, str) else None

    def read_image(self, team: str, handle: str) -> bytes | None:
        found = self.stored.get((team, handle), (None, None))[1]
        return found if isinstance(found, bytes) else None


@dataclass
class FakeHeld:
    """A held lock."""

    holders: dict[LockKey, object]
    key: LockKey
    mark: object

    def release(self) -> None:
        if self.holders.get(self.key) is self.mark:
            del self.holders[self.key]


class FakeLocks:
    """Locks that hold inside this process."""

    def __init__(self) -> None:
        self.holders: dict[LockKey, object] = {}
        self._guard = threading.Lock()

    def acquire(self, key: LockKey, holder: str) -> FakeHeld:
        mark = (holder,)
        with self._guard:
            if key in self.holders:
                raise Busy(f"{self.holders[key]} holds it since 3 s.", "Call again in a minute.")
            self.holders[key] = mark
        return FakeHeld(self.holders, key, mark)

    def is_free(self, key: LockKey) -> bool:
        return key not in self.holders


@dataclass
class FakeAudit:
    """Audit rows in a list; those of unauthenticated requests in another."""

    rows: list[AuditRow] = field(default_factory=list)
    counted: list[AuditRow] = field(default_factory=list)
    strangers: list[AuditRow] = field(default_factory=list)

    def append(self, row: AuditRow) -> None:
        self.rows.append(row)

    def count(self, row: AuditRow) -> None:
        self.counted.append(row)
        (self.rows if row.actor.tiers else self.strangers).append(row)

    def newest(self, team: str) -> int:
        return max((each.number for each in self.after(team, 0)), default=0)

    def after(self, team: str, number: int) -> Sequence[NumberedAuditRow]:
        every = [NumberedAuditRow(n, row) for n, row in enumerate(self.rows, 1)]
        return [each for each in every if each.number > number and each.row.actor.team == team]

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """Return operation and outcome of each audit row."""
        return [(row.operation, str(row.outcome)) for row in self.rows]


@dataclass
class FakeEnvironments:
    """Environments by team and name.

    Attributes:
        ids: the id of each environment.
    """

    ids: dict[tuple[str, str], str] = field(default_factory=dict)

    def get(self, team: str, name: str) -> Environment | None:
        found = self.ids.get((team, name))
        return None if found is None else environment(id=found, team=team, name=name)


@dataclass
class FakeGrantUsage:
    """The calls that grants made.

    Attributes:
        left: how many calls each grant has left; those not named here have enough.
    """

    left: dict[str, int] = field(default_factory=dict)

    def spend(self, actor: Actor) -> None:
        left = self.left.get(actor.subject_id, 1)
        if left == 0:
            raise Unauthenticated("It counts no more.")
        if actor.subject_id in self.left:
            self.left[actor.subject_id] = left - 1


class FakeBootSlots:
    """Boot slots that are free until a test clears `free`."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()

    @contextmanager
    def take(
        self, boot: WaitingBoot, on_position: Callable[[int], None], cancelled: Callable[[], None]
    ) -> Iterator[None]:
        if not self.free.is_set():
            on_position(1)
        while not self.free.wait(0.01):
            cancelled()
        on_position(0)
        yield


@dataclass
class FakeProbe:
    """Health findings that a test sets; `looks` counts the calls."""

    parts: Sequence[HealthFinding] = (HealthFinding("docker", ok=True, message="Docker answers."),)
    counts: Mapping[str, int] = field(default_factory=dict)
    looks: int = 0

    def findings(self) -> Sequence[HealthFinding]:
        self.looks += 1
        return self.parts

    def environments(self) -> Mapping[str, int]:
        return self.counts


class FakeRateLimits:
    """Allows any number of wrong credentials: most tests are not about them."""

    def digest(self, presented: str) -> str:
        return hashlib.sha256(presented.encode("utf-8", "surrogatepass")).hexdigest()

    def look(self, claim: Claim) -> Reservation:
        return Reservation()

    def reserve(self, claim: Claim) -> Reservation:
        return Reservation(claim.counters)

    def give_back(self, reservation: Reservation) -> None:
        """Do nothing."""

    def succeed(self, reservation: Reservation, source: str, team: str) -> None:
        """Do nothing."""


@dataclass
class FakeFacts:
    """Facts in a dictionary."""

    told: dict[str, str] = field(default_factory=dict)

    def get(self, key: str) -> str | None:
        return self.told.get(key)

    def set(self, key: str, value: str) -> None:
        self.told[key] = value


class FakeReconcileLoop:
    """A reconcile loop that never runs."""

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class LocalClient(FlaskClient):
    """A client on this machine that names the server by its own address."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("base_url", BASE_URL)
        return super().open(*args, **kwargs)


@dataclass
class World:
    """An application on fakes; also what `create_app` takes as its services."""

    settings: Settings
    runner: Runner
    job_rows: FakeJobStore
    locks: FakeLocks
    audit: FakeAudit
    slots: FakeBootSlots
    probe: FakeProbe
    reconcile_loop: FakeReconcileLoop
    verifiers: list[TokenVerifier] = field(default_factory=list)
    still_valid: CredentialCheck = always_valid
    oauth: TemporaryOAuthStores = field(default_factory=TemporaryOAuthStores)
    rate_limits: RateLimitStore = field(default_factory=FakeRateLimits)
    facts: FakeFacts = field(default_factory=FakeFacts)
    source: SettingsSource | None = None
    outputs: FakeOutputs = field(default_factory=FakeOutputs)
    uploads: UploadSink = field(default_factory=FakeUploads)
    links: FakeLinks = field(default_factory=FakeLinks)

    @property
    def live(self) -> SettingsSource:
        """The configuration as it is now: fixed, unless a test hands in a source."""
        return self.source or self.settings

    @cached_property
    def app(self) -> Flask:
        app = create_app(services=cast("Services", self))
        app.test_client_class = LocalClient
        return app

    @property
    def context(self) -> Context:
        """The context of the application's faces."""
        found = self.app.extensions["oduflow"]
        assert isinstance(found, Context)
        return found

    def client(self) -> Any:
        """Return a test client; untyped, because the type of an answer's `json` varies."""
        return self.app.test_client()


def make_world(
    toml: str = ONE_TEAM,
    *,
    operations: Iterable[Operation] = THINGS,
    deps: Any = None,
    environments: EnvironmentLookup | None = None,
    grants: GrantUsage | None = None,
    outputs: FakeOutputs | None = None,
) -> World:
    """Build a world from a configuration's text and a few operations."""
    job_rows, locks, audit, slots = FakeJobStore(), FakeLocks(), FakeAudit(), FakeBootSlots()
    registry, outputs = Registry(operations), outputs or FakeOutputs()
    runner = Runner(
        registry,
        deps,
        locks=locks,
        jobs=Jobs(job_rows, locks, slots, outputs, registry.cancellable),
        audit=audit,
        environments=environments or FakeEnvironments(),
        grants=grants or FakeGrantUsage(),
        outputs=outputs,
    )
    world = World(
        parse(toml),
        runner,
        job_rows,
        locks,
        audit,
        slots,
        FakeProbe(),
        FakeReconcileLoop(),
        outputs=outputs,
    )
    if world.settings.server.oauth_enabled:
        parts = world.oauth
        world.verifiers.append(
            GithubAuthenticator(
                lambda: world.settings, parts.tokens, parts.logins, runner.environment_id
            )
        )
    return world


def make_context(
    toml: str = ONE_TEAM, *, operations: Iterable[Operation] = THINGS, deps: Any = None
) -> Context:
    """Build only the context of the faces, without an application."""
    world = make_world(toml, operations=operations, deps=deps)
    return Context(
        world.live,
        world.runner,
        world.probe,
        world.audit,
        world.rate_limits,
        world.facts,
        world.uploads,
        world.links,
    )


def basic(password: str, user: str = "admin") -> dict[str, str]:
    """Write the header of HTTP Basic."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def bearer(token: str) -> dict[str, str]:
    """Write the header of a Bearer token."""
    return {"Authorization": f"Bearer {token}"}
