"""Copy what a file holds; its holes, which may be larger than the disk, remain holes."""

import errno
import os
from collections.abc import Callable

_CHUNK = 8 << 20


def _unwatched(_size: int) -> None:
    """Do nothing about a part that was copied."""


def copy_data(reader: int, writer: int, on_bytes: Callable[[int], None] = _unwatched) -> None:
    """Copy the content of one open file into another, which is empty.

    Args:
        reader: descriptor of the source.
        writer: descriptor of the copy.
        on_bytes: called with the number of bytes of each part that was copied; it may raise.
    """
    os.ftruncate(writer, os.fstat(reader).st_size)
    position = 0
    while (part := next_data(reader, position)) is not None:
        start, end = part
        os.lseek(writer, start, os.SEEK_SET)
        sent = os.sendfile(writer, reader, start, min(_CHUNK, end - start))
        if not sent:  # it was cut off meanwhile
            return
        position = start + sent
        on_bytes(sent)


def next_data(file: int, position: int) -> tuple[int, int] | None:
    """Return where the first data from a position on begin and end; None if there are none."""
    try:
        start = os.lseek(file, position, os.SEEK_DATA)
        return start, os.lseek(file, start, os.SEEK_HOLE)
    except OSError as cause:
        if cause.errno == errno.ENXIO:  # lseek(2): there is nothing but a hole up to the end
            return None
        raise
