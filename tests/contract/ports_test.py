"""The kernel's ports: the fakes of `tests.support.fakes`, and the real SQLite and file locks.

Templates, extra repos, snapshots and the other rows have no fake: an empty SQLite store is made in
milliseconds (`tests.support.empty_store`), so every test that needs rows uses the real one.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from oduflow.adapters.locks import FileBootSlots, FileLocks
from oduflow.adapters.outputs.files import OutputFiles
from oduflow.adapters.store import Environments, Facts, Grants, JobRows, Store, Templates
from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.audit.rows import AuditRow
from oduflow.domain.boot_queue import BootKind, WaitingBoot
from oduflow.domain.clock import now
from oduflow.domain.grant_rules import Grant
from oduflow.services.access.audit_writer import AuditWriter
from oduflow.services.access.grants import GrantAuthenticator
from tests.contract.suites.jobs import JobsContract
from tests.contract.suites.ports import (
    AuditSinkContract,
    BootSlotsContract,
    EnvironmentLookupContract,
    FactsContract,
    GrantUsageContract,
    LocksContract,
    OutputStoreContract,
)
from tests.support.audit_trails import open_log, rows_of
from tests.support.empty_store import open_empty_store
from tests.support.fakes import (
    FakeAudit,
    FakeBootSlots,
    FakeEnvironments,
    FakeFacts,
    FakeGrantUsage,
    FakeJobStore,
    FakeLocks,
    FakeOutputs,
)
from tests.support.store_rows import environment, job, template

Occupied = Callable[[], AbstractContextManager[None]]


class TestJobsInMemory(JobsContract):
    """Jobs in a dictionary."""

    @pytest.fixture
    def jobs(self) -> FakeJobStore:
        return FakeJobStore()


class TestJobsInSqlite(JobsContract):
    """Jobs in the store."""

    @pytest.fixture
    def jobs(self, store: Store) -> JobRows:
        return JobRows(store)


class TestLocksInMemory(LocksContract):
    """Locks of one process."""

    @pytest.fixture
    def locks(self) -> FakeLocks:
        return FakeLocks()


class TestFileLocks(LocksContract):
    """Locks of every process."""

    @pytest.fixture
    def locks(self, tmp_path: Path) -> FileLocks:
        return FileLocks(tmp_path)


class TestOutputsInMemory(OutputStoreContract):
    """Outputs in a dictionary."""

    @pytest.fixture
    def outputs(self) -> FakeOutputs:
        return FakeOutputs()


class TestOutputFiles(OutputStoreContract):
    """Outputs in files."""

    @pytest.fixture
    def outputs(self, tmp_path: Path) -> OutputFiles:
        return OutputFiles(tmp_path / "outputs")


class TestEnvironmentsInMemory(EnvironmentLookupContract):
    """Environments in a dictionary."""

    @pytest.fixture
    def environments(self) -> FakeEnvironments:
        return FakeEnvironments({("1", "sale"): "id-1-sale"})


class TestEnvironmentsInSqlite(EnvironmentLookupContract):
    """Environments in the store."""

    @pytest.fixture
    def environments(self, store: Store) -> Environments:
        Templates(store).add(template())
        environments = Environments(store)
        environments.add(environment(id="id-1-sale"))
        return environments


class TestGrantUsageInMemory(GrantUsageContract):
    """Calls in a dictionary."""

    @pytest.fixture
    def usage(self) -> FakeGrantUsage:
        return FakeGrantUsage({"id-ci": 2})


class TestGrantUsageInSqlite(GrantUsageContract):
    """Calls in the store."""

    @pytest.fixture
    def usage(self, store: Store) -> GrantAuthenticator:
        grants = Grants(store)
        grants.add(two_calls(), limit=1)
        return GrantAuthenticator(grants, Environments(store), lambda: {"1"})


class TestAuditInMemory(AuditSinkContract):
    """Rows in lists."""

    @pytest.fixture
    def sink(self) -> FakeAudit:
        return FakeAudit()

    @pytest.fixture
    def recorded(self, sink: FakeAudit) -> Callable[[], list[AuditRow]]:
        return lambda: [*sink.rows, *sink.strangers]


class TestAuditInSqlite(AuditSinkContract):
    """Rows in the store."""

    @pytest.fixture
    def sink(self, store: Store) -> Iterator[AuditWriter]:
        trail = AuditWriter(open_log(store))
        yield trail
        trail.close()

    @pytest.fixture
    def recorded(self, store: Store, sink: AuditWriter) -> Callable[[], list[AuditRow]]:
        def rows() -> list[AuditRow]:
            sink.close()
            log = open_log(store)
            return rows_of(log)[::-1]

        return rows


OTHER = WaitingBoot("other", "1", BootKind.SERVE)


class TestBootSlotsInMemory(BootSlotsContract):
    """Slots of one process."""

    @pytest.fixture
    def slots(self) -> FakeBootSlots:
        return FakeBootSlots()

    @pytest.fixture
    def occupied(self, slots: FakeBootSlots) -> Occupied:
        @contextmanager
        def occupied() -> Iterator[None]:
            slots.free.clear()
            yield
            slots.free.set()

        return occupied


class TestFileBootSlots(BootSlotsContract):
    """Slots of every process."""

    @pytest.fixture
    def slots(self, store: Store, tmp_path: Path) -> FileBootSlots:
        rows = JobRows(store)
        for each in ("job", "other"):
            rows.add(job(id=each))
        return FileBootSlots(tmp_path, 1, rows)

    @pytest.fixture
    def occupied(self, slots: FileBootSlots) -> Occupied:
        return lambda: slots.take(OTHER, lambda _place: None, lambda: None)


class TestFactsInMemory(FactsContract):
    """Facts in a dictionary."""

    @pytest.fixture
    def facts(self) -> FakeFacts:
        return FakeFacts()


class TestFactsInSqlite(FactsContract):
    """Facts in the store."""

    @pytest.fixture
    def facts(self, store: Store) -> Facts:
        return Facts(store)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_empty_store(tmp_path / "store.sqlite")
    yield made
    made.close()


def two_calls() -> Grant:
    return Grant(
        id="id-ci",
        team="1",
        name="ci",
        digest="digest",
        tiers=frozenset({Tier.READ}),
        environments=None,
        rest=False,
        calls=2,
        used=0,
        parent=None,
        created_by=str(Actor("1", ActorKind.BASIC, "admin")),
        created_at=now(),
        expires_at=now() + timedelta(days=1),
    )
