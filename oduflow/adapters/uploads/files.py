"""The files of uploads: append a part durably, measure, hash, remove.

The store's row says how many bytes count. A file may be longer: bytes behind that offset are of a
part that was cut off, and the next part overwrites them.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from oduflow.files.private import make_folder, writing

_WRITE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK_BYTES = 1 << 20


class Content(Protocol):
    """A part's bytes, as a request's body gives them."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end, or where the body breaks off."""


class Digest(Protocol):
    """A hash in progress."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""

    def hexdigest(self) -> str:
        """Return the digest in hex."""


@dataclass(frozen=True, slots=True)
class UploadFiles:
    """The files of every team's uploads.

    Attributes:
        folder: returns the folder of a team's uploads.
    """

    folder: Callable[[str], Path]

    def path(self, team: str, upload: str) -> Path:
        """Return the path of an upload's content.

        Args:
            team: its team.
            upload: its id.
        """
        return self.folder(team) / upload

    def size(self, team: str, upload: str) -> int:
        """Return how many bytes are in the file, 0 when there is none."""
        try:
            return self.path(team, upload).stat().st_size
        except FileNotFoundError:
            return 0

    def append(
        self, team: str, upload: str, offset: int, content: Content, digest: Digest | None
    ) -> int:
        """Write a part at an offset and sync it to the disk; return the new offset.

        Args:
            team: the upload's team.
            upload: the upload's id.
            offset: where the part begins; what the file has beyond is dropped.
            content: the part.
            digest: updated with the part's bytes.

        Raises:
            QuotaReached: the disk is full.
            UpstreamFailed: the file cannot be written.
        """
        path = self.path(team, upload)
        with writing():
            make_folder(path.parent)
            is_new = not path.exists()
            file = os.open(path, _WRITE, 0o600)
            try:
                os.ftruncate(file, offset)
                for chunk in _chunks(content):
                    _write_all(file, chunk, offset)
                    offset += len(chunk)
                    if digest is not None:
                        digest.update(chunk)
                os.fdatasync(file)
            finally:
                os.close(file)
            if is_new:
                _sync_folder(path.parent)
        return offset

    def digest(
        self, team: str, upload: str, on_bytes: Callable[[int], None] = lambda _bytes: None
    ) -> str:
        """Return the SHA-256 of an upload's content in hex.

        Args:
            team: the upload's team.
            upload: the upload's id.
            on_bytes: called with the number of bytes read so far; may raise to stop.
        """
        found, done = hashlib.sha256(), 0
        with os.fdopen(os.open(self.path(team, upload), _READ), "rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                found.update(chunk)
                done += len(chunk)
                on_bytes(done)
        return found.hexdigest()

    def remove(self, team: str, upload: str) -> None:
        """Remove an upload's content; a missing file is no error."""
        with writing():
            self.path(team, upload).unlink(missing_ok=True)

    def stored(self, team: str) -> Iterator[Path]:
        """Return the files of a team's uploads."""
        folder = self.folder(team)
        return iter(sorted(folder.iterdir()) if folder.is_dir() else ())


def _chunks(content: Content) -> Iterator[bytes]:
    while chunk := content.read(_CHUNK_BYTES):
        yield chunk


def _write_all(file: int, chunk: bytes, offset: int) -> None:
    left = memoryview(chunk)
    while left:
        written = os.pwrite(file, left, offset)
        left, offset = left[written:], offset + written


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable, as its content is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
