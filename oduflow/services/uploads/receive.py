"""Receive the parts of uploads.

A part is written and synced before the row counts it, so after a kill or a power cut at any moment
the row's `received` is an offset up to which the content is on disk. A client asks for the offset
and goes on there.
"""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from cachetools import LRUCache

from oduflow.adapters.locks import FileLocks
from oduflow.adapters.store import Uploads
from oduflow.adapters.uploads import UploadFiles
from oduflow.adapters.uploads.files import Content, Digest
from oduflow.domain.clock import now
from oduflow.domain.errors import Conflict, Invalid
from oduflow.domain.upload import PART_BYTES, Upload, no_upload
from oduflow.kernel.locks import LockKey

MAX_DIGESTS = 64
LOCK_WAIT_SECONDS = 2.0  # the part of a connection that just broke may still be written


class RunningDigests:
    """The hashes of the uploads that are being received by this process, the latest ones."""

    def __init__(self) -> None:
        self._digests: LRUCache[str, tuple[int, Digest]] = LRUCache(MAX_DIGESTS)
        self._guard = threading.Lock()

    def take(self, upload: str, offset: int) -> Digest | None:
        """Return the hash of an upload's first `offset` bytes, or None when it is not known."""
        if offset == 0:
            return hashlib.sha256()
        with self._guard:
            known, digest = self._digests.pop(upload, (-1, None))
        return digest if known == offset else None

    def keep(self, upload: str, offset: int, digest: Digest | None) -> None:
        """Keep the hash of an upload's first `offset` bytes."""
        if digest is None:
            return
        with self._guard:
            self._digests[upload] = offset, digest


@dataclass(frozen=True, slots=True)
class UploadReceiver:
    """Implements `blueprints.ports.UploadSink`.

    Attributes:
        make_room: refuses a team's part while there is too little room, and gives up warm slots.
        require: refuses a part of a team whose uploads cannot be written now.
    """

    rows: Uploads
    files: UploadFiles
    locks: FileLocks
    make_room: Callable[[str], None]
    require: Callable[[str], None]
    digests: RunningDigests = field(default_factory=RunningDigests)

    def find(self, team: str, name: str) -> Upload:
        """Return a team's upload; its `received` is where the next part begins.

        Raises:
            NotFound: the team has none of that name.
        """
        row = self.rows.get(team, name)
        if row is None:
            raise no_upload(name)
        return row

    def append(self, team: str, name: str, offset: int, content: Content, length: int) -> Upload:
        """Write a part durably, and return the row that counts it.

        Args:
            team: the team.
            name: the upload's name.
            offset: where the client says the part begins.
            content: the part; one that breaks off counts as far as it came.
            length: how many bytes the part has, at most `PART_BYTES`.

        Raises:
            Busy: another part of this upload is being written, it is being imported, or the team's
                files are being moved.
            Conflict: the next part begins elsewhere, which the message names.
            Invalid: the part is empty, too large or beyond the file's end, or the whole content
                has another digest; then the upload begins anew.
            NotFound: the team has none of that name.
            QuotaReached: too little disk space is free.
            UpstreamFailed: the team's file system is not mounted.
        """
        self.find(team, name)
        self.make_room(team)  # before the lock: others do not wait for the slots' removal
        held = self.locks.acquire(LockKey.upload(team, name), "a part", wait=LOCK_WAIT_SECONDS)
        try:
            self.require(team)  # first: of files that are not there the row would be corrected
            row = self._at_disk(self.find(team, name))
            _check(row, offset, length)
            return self._write(row, content)
        finally:
            held.release()

    def _write(self, row: Upload, content: Content) -> Upload:
        digest = self.digests.take(row.id, row.received)
        end = self.files.append(row.team, row.id, row.received, content, digest)
        self.digests.keep(row.id, end, digest)
        if end < row.size or digest is None or not row.sha256:
            return self.rows.update(row.id, received=end, progressed_at=now())
        if digest.hexdigest() != row.sha256:
            raise begin_anew(self.rows, self.files, row, digest.hexdigest())
        return self.rows.update(row.id, received=end, verified=True, progressed_at=now())

    def _at_disk(self, row: Upload) -> Upload:
        """Return the row; if its file lost bytes, such as by a restored backup, correct the row."""
        stored = self.files.size(row.team, row.id)
        return row if stored >= row.received else self.rows.update(row.id, received=stored)


def begin_anew(rows: Uploads, files: UploadFiles, row: Upload, found: str) -> Invalid:
    """Forget the content that has another digest than named; return the refusal."""
    rows.update(row.id, received=0, verified=False)
    files.remove(row.team, row.id)
    return Invalid(
        f"The content of upload {row.name} has the SHA-256 {found}, not {row.sha256}.",
        "Its content is removed. Check the file, then send it again from offset 0.",
    )


def _check(row: Upload, offset: int, length: int) -> None:
    if row.complete:
        raise Conflict(f"Upload {row.name} is complete.", "Import it, or begin another one.")
    if offset != row.received:
        raise Conflict(
            f"The next part of upload {row.name} begins at {row.received}, not at {offset}.",
            f"Go on at {row.received}.",
        )
    if not 0 < length <= PART_BYTES:
        raise Invalid(
            f"The part has {length} bytes.", f"Send from 1 to {PART_BYTES} bytes at a time."
        )
    if offset + length > row.size:
        raise Invalid(
            f"The part ends at {offset + length}, and the file has {row.size} bytes.",
            "Check the file's size; begin another upload if it changed.",
        )
