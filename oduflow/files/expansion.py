"""Unpack compressed files as a stream, with limits on size and ratio."""

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from gzip import GzipFile
from typing import BinaryIO, cast

from oduflow.domain.counting import binary_size
from oduflow.domain.errors import Invalid, QuotaReached
from oduflow.files.contents import FileKind

CHUNK = 1 << 20
MAX_RATIO = 250  # real dumps shrink to a tenth, a file of zeros to a thousandth
RATIO_FROM = 256 << 20  # unpacked bytes below which any ratio is accepted
_GZIP_SIZE = 4
_GZIP_MODULUS = 1 << 32
_GZIP_OVERHEAD = 4096  # bytes, and one percent: what gzip adds to data that it cannot compress
_ZSTD_HEADER = 18
_ZSTD_WINDOW = 128 << 20  # what `zstd` itself accepts; it is memory of this process


@dataclass(slots=True)
class Expansion:
    """Counts unpacked bytes, and refuses more than fit or than a real backup expands to.

    Attributes:
        packed: returns how many packed bytes were read so far.
        limit: how many bytes may be unpacked.
        unpacked: bytes so far.
    """

    packed: Callable[[], int]
    limit: int
    unpacked: int = 0

    def add(self, size: int) -> None:
        """Count bytes before they are written anywhere.

        Raises:
            Invalid: the ratio is that of a decompression bomb.
            QuotaReached: they do not fit.
        """
        self.unpacked += size
        if self.unpacked > self.limit:
            raise QuotaReached(
                f"It unpacks to more than {binary_size(self.limit)}, which do not fit.",
                "Free disk space or delete environments and templates, then import it again.",
            )
        refuse_bomb(self.unpacked, self.packed())


def refuse_bomb(unpacked: int, packed: int) -> None:
    """Refuse a size that no real backup expands to, be it counted or only claimed.

    Args:
        unpacked: the unpacked bytes.
        packed: the bytes that they come from.

    Raises:
        Invalid: the ratio is that of a decompression bomb.
    """
    if unpacked > RATIO_FROM and unpacked > MAX_RATIO * packed:
        raise Invalid(
            f"It unpacks to more than {MAX_RATIO} times its size, as no real backup does.",
            "Make the backup again, without compression if its content is that repetitive.",
        )


def said_size(file: BinaryIO, content: FileKind, packed: int) -> int:
    """Return how many bytes a file says that it unpacks to; 0 if it does not say it.

    gzip says the size modulo 4 GiB (RFC 1952): the least one is taken that is not much below the
    packed bytes. zstd may say that of its first frame (RFC 8878), but not if it read from a pipe.

    Args:
        file: the file, whose position may change.
        content: what it is.
        packed: its bytes.
    """
    if content is FileKind.GZIP:
        file.seek(-_GZIP_SIZE, os.SEEK_END)
        said = int.from_bytes(file.read(_GZIP_SIZE), "little")
        least = packed - packed // 100 - _GZIP_OVERHEAD
        return said + max(0, -(-(least - said) // _GZIP_MODULUS)) * _GZIP_MODULUS
    if content is FileKind.ZSTD:
        from zstandard import frame_content_size  # noqa: PLC0415 - few processes need it

        file.seek(0)
        with damaged():
            return max(0, int(frame_content_size(file.read(_ZSTD_HEADER))))
    return packed


def refuse_growth(grown: int, packed: int) -> None:
    """Refuse a database that grows by more than that of a real backup, indexes included.

    Args:
        grown: the bytes that the database has grown by.
        packed: the bytes of its dump.

    Raises:
        Invalid: the dump is a decompression bomb, or its SQL makes the rows.
    """
    if grown > RATIO_FROM and grown > MAX_RATIO * packed:
        raise Invalid(
            f"The database grows to {binary_size(grown)}, more than {MAX_RATIO} times the "
            f"{binary_size(packed)} of its dump, as that of no real backup does.",
            "Make the dump again: without compression if its content is that repetitive, and of "
            "tables only if statements in it make rows of nothing.",
        )


def unpacked(file: BinaryIO, content: FileKind) -> BinaryIO:
    """Return a stream of what a compressed file holds; of another file the file itself."""
    if content is FileKind.GZIP:
        return cast("BinaryIO", GzipFile(fileobj=file, mode="rb"))
    if content is FileKind.ZSTD:
        from zstandard import ZstdDecompressor  # noqa: PLC0415 - few processes need it

        made = ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        return cast("BinaryIO", made.stream_reader(file, read_across_frames=True))
    return file


def chunks(stream: BinaryIO, expansion: Expansion) -> Iterator[bytes]:
    """Yield a stream of `unpacked` in chunks of at most 1 MiB.

    Raises:
        Invalid: the compressed data are damaged, or a bomb.
        QuotaReached: they do not fit.
    """
    while True:
        with damaged():
            chunk = stream.read(CHUNK)
        if not chunk:
            return
        expansion.add(len(chunk))
        yield chunk


@contextmanager
def damaged() -> Iterator[None]:
    """Translate the errors of damaged compressed data.

    Raises:
        Invalid: the data are damaged or end too early.
    """
    try:
        yield
    except (EOFError, OSError, zlib.error) as cause:
        if isinstance(cause, OSError) and cause.errno is not None:
            raise  # the disk's own
        raise _broken() from cause
    except Exception as cause:
        if type(cause).__name__ != "ZstdError":
            raise
        raise _broken() from cause


def _broken() -> Invalid:
    return Invalid(
        "Its compressed data are damaged or end too early.",
        "Compare its size and checksum with the original's, and copy it again.",
    )
