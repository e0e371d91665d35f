"""Read a tar archive from a stream that only goes forward, with limited memory."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, cast

from oduflow.domain.errors import Invalid
from oduflow.files.archives.member import Member, MemberContent, MemberKind, checked, plain_name
from oduflow.files.expansion import CHUNK, Expansion, chunks

HEADER_BYTES = 1 << 20  # of one member, with everything that extends it
_FILES = {tarfile.REGTYPE, tarfile.AREGTYPE}
_ZEROS = bytes(tarfile.BLOCKSIZE)
_LINKS = {tarfile.LNKTYPE, tarfile.SYMTYPE}


def tar_members(stream: BinaryIO, expansion: Expansion) -> Iterator[Member]:
    """Yield the members of an unpacked tar stream in their order.

    Args:
        stream: see `expansion.unpacked`.
        expansion: counts what is read.

    Raises:
        Invalid: a member is a link, a device, or leads out of the archive; its headers are too
            long; or the archive is damaged.
    """
    forward = _Forward(stream, expansion)
    # tarfile keeps all headers that extend one member, each whole; `_Forward` limits their sum.
    with (
        _damaged(),
        tarfile.open(
            fileobj=cast("BinaryIO", forward), mode="r:", errors="surrogateescape"
        ) as archive,
    ):
        number = 0
        while (info := forward.header_of(archive)) is not None:
            number += 1
            vars(archive).update(members=[], pax_headers={})  # it would keep all of them
            opening = partial(_open, archive, info)
            name = plain_name(info.name)
            yield checked(number, Member(name, _kind(info), info.size, opening))
        forward.require_end()


@contextmanager
def _damaged() -> Iterator[None]:
    try:
        yield
    except RecursionError as cause:  # tarfile calls itself for each header that extends a member
        raise _too_long() from cause
    except (tarfile.TarError, ValueError, EOFError, OverflowError) as cause:
        raise Invalid(
            "The tar archive is damaged or ends too early.",
            "Compare its size and checksum with the original's, and copy it again.",
        ) from cause


def _too_long() -> Invalid:
    return Invalid(
        f"A member of the tar archive has headers of more than {HEADER_BYTES >> 20} MiB, or too "
        "many of them.",
        "Pack the files again, without extended attributes.",
    )


def _kind(info: tarfile.TarInfo) -> MemberKind:
    if info.type in _LINKS:
        return MemberKind.LINK
    if info.isdir():
        return MemberKind.FOLDER
    plain = info.type in _FILES and not info.issparse()
    return MemberKind.FILE if plain else MemberKind.SPECIAL


def _open(archive: tarfile.TarFile, info: tarfile.TarInfo) -> BinaryIO:
    found = archive.extractfile(info)
    if found is None:
        raise Invalid("The tar archive is damaged.", "Pack it again.")
    return cast("BinaryIO", MemberContent(cast("BinaryIO", found), _damaged))


class _Forward:
    """A file for tarfile: it reads, tells, and seeks forward only."""

    def __init__(self, stream: BinaryIO, expansion: Expansion) -> None:
        self._file = io.BufferedReader(_Chunks(stream, expansion), CHUNK)
        self._position = 0
        self._last = b""
        self._headers_left: int | None = HEADER_BYTES  # None while content is read

    def header_of(self, archive: tarfile.TarFile) -> tarfile.TarInfo | None:
        """Return the archive's next member, None at the end.

        Raises:
            Invalid: its headers are longer than `HEADER_BYTES`.
        """
        self._headers_left = HEADER_BYTES
        try:
            return archive.next()
        finally:
            self._headers_left = None

    def tell(self) -> int:
        return self._position

    def seek(self, position: int, _whence: int = 0) -> int:
        missing = position - self._position
        if missing < 0:
            raise tarfile.ReadError("the archive leads backwards")
        while missing > 0:
            passed = len(self._read(min(missing, CHUNK)))
            if not passed:
                break
            missing -= passed
        return self._position

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= CHUNK:
            raise _too_long()
        if self._headers_left is not None:
            self._headers_left -= size
            if self._headers_left < 0:
                raise _too_long()
        return self._read(size)

    def _read(self, size: int) -> bytes:
        found = self._file.read(size)
        self._position += len(found)
        self._last = found
        return found

    def require_end(self) -> None:
        """Refuse an archive that was cut: tarfile ends silently where no header follows.

        Raises:
            tarfile.ReadError: what was read last is not the first of two blocks of zeros.
        """
        if self._last != _ZEROS or self.read(tarfile.BLOCKSIZE) != _ZEROS:
            raise tarfile.ReadError("the archive ends too early")

    def close(self) -> None:
        """Close nothing: the stream is the caller's."""


class _Chunks(io.RawIOBase):
    """The chunks of a stream as a raw file."""

    def __init__(self, stream: BinaryIO, expansion: Expansion) -> None:
        self._chunks = chunks(stream, expansion)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
