"""The ports of the faces: the fakes, and the real parts on an empty store.

The real half of the documents of clients needs a server: tests/integration/cimd/documents_test.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from oduflow.adapters.locks import FileLocks
from oduflow.adapters.store import RateLimits, Store, Uploads
from oduflow.adapters.uploads import UploadFiles
from oduflow.domain.client_documents import ClientDocument
from oduflow.services.server.doctor import Doctor
from oduflow.services.uploads.receive import UploadReceiver
from tests.contract.suites.web import (
    ClientDocumentsContract,
    ProbeContract,
    RateLimitsContract,
    UploadSinkContract,
)
from tests.support.empty_store import open_empty_store
from tests.support.fake_uploads import FakeUploads
from tests.support.fakes import FakeProbe, FakeRateLimits
from tests.support.memory.odoo import module
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld
from tests.support.oauth_stores import MemoryDocuments
from tests.support.store_rows import upload

CLIENT = "https://client.example/metadata.json"


class TestUploadsInMemory(UploadSinkContract):
    """Uploads in dictionaries."""

    @pytest.fixture
    def uploads(self) -> FakeUploads:
        row = upload(received=0)
        return FakeUploads({row.name: row})


class TestUploadReceiver(UploadSinkContract):
    """Uploads in files, with rows in the store."""

    @pytest.fixture
    def uploads(self, store: Store, tmp_path: Path) -> UploadReceiver:
        rows = Uploads(store)
        rows.reserve(upload(received=0), limit=1, team_bytes=9, disk_bytes=9)
        files = UploadFiles(lambda team: tmp_path / team)
        return UploadReceiver(rows, files, FileLocks(tmp_path / "locks"), lambda _team: None)


class TestRateLimitsThatAllowAll(RateLimitsContract):
    """No counters."""

    @pytest.fixture
    def limits(self) -> FakeRateLimits:
        return FakeRateLimits()


class TestRateLimitsInSqlite(RateLimitsContract):
    """Counters in the store."""

    @pytest.fixture
    def limits(self, store: Store) -> RateLimits:
        return RateLimits(store, lambda: "key")


class TestProbeOfATest(ProbeContract):
    """Findings that a test sets."""

    @pytest.fixture
    def probe(self) -> FakeProbe:
        return FakeProbe(counts={"running": 1})


class TestDoctor(ProbeContract):
    """The doctor, with the engine in memory."""

    @pytest.fixture
    def probe(self, tmp_path: Path) -> Iterator[Doctor]:
        world = MemoryWorld(tmp_path)
        process = Process(world)
        process.ok("create_template", name="base")
        url = world.git.repository("addons", {"main": module("sale")})
        process.ok("create_environment", name="sale", repo_url=url)
        yield process.doctor()
        world.close()


class TestDocumentsInMemory(ClientDocumentsContract):
    """Documents in a dictionary."""

    @pytest.fixture
    def documents(self) -> MemoryDocuments:
        return MemoryDocuments({CLIENT: ClientDocument(CLIENT, "A client", ("http://a.example/",))})

    @pytest.fixture
    def client(self) -> str:
        return CLIENT

    @pytest.fixture
    def missing(self) -> str:
        return "https://client.example/missing.json"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_empty_store(tmp_path / "store.sqlite")
    yield made
    made.close()
