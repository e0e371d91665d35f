"""A whole product in memory with a receiver of parts, and a file to send."""

import hashlib
import io
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from oduflow.domain.upload import Upload, UploadView
from oduflow.services.uploads.ready import make_room_for_part, require_uploads
from oduflow.services.uploads.receive import UploadReceiver
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld

TEAM = "1"


@dataclass
class Sender:
    """A client with a file of two and a half parts of 1,000 bytes."""

    process: Process
    content: bytes = field(default_factory=lambda: bytes(n % 251 for n in range(2500)))

    def __post_init__(self) -> None:
        self.forget_process()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def forget_process(self) -> None:
        """Receive the next parts with a new process, which knows no running hash."""
        deps = self.process.deps
        files, locks = deps.work.uploads, deps.work.locks
        self.receiver = UploadReceiver(
            *(deps.store.uploads, files, locks),
            partial(make_room_for_part, deps),
            partial(require_uploads, deps.infrastructure.pools, deps.store.facts),
        )

    def begin(self, **more: Any) -> UploadView:
        given = {"size": len(self.content), "file_name": "Shop Dump.zip", "sha256": self.sha256}
        view: UploadView = self.process.ok("create_upload", **{**given, **more})
        return view

    def send(self, name: str, offset: int, end: int | None = None) -> Upload:
        part = self.content[offset:end]
        return self.receiver.append(TEAM, name, offset, io.BytesIO(part), len(part))

    def stored(self, name: str) -> bytes:
        row = self.receiver.find(TEAM, name)
        return self.process.deps.work.uploads.path(TEAM, row.id).read_bytes()[: row.received]


@pytest.fixture
def sender(world: MemoryWorld) -> Sender:
    return Sender(Process(world))
