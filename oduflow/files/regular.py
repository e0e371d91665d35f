"""Read untrusted files, such as those of checkouts."""

import os
import stat
from pathlib import Path


def read_regular(path: Path, limit: int) -> str | None:
    """Return a file's text; None if it is missing, larger than `limit`, a link or a device."""
    content = read_bytes(path, limit)
    return None if content is None else content.decode("utf-8", "replace")


def read_bytes(path: Path, limit: int) -> bytes | None:
    """Return a file's content; None if it is missing, larger than `limit`, a link or a device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > limit:
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    finally:
        os.close(descriptor)
