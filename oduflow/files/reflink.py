"""Files that share blocks: whether a file system has them, and how one is made."""

import fcntl
import os
from pathlib import Path

_FICLONE = 0x40049409  # ioctl_ficlone(2)
_BLOCK = b"x" * 4096


def has_reflinks(folder: Path) -> bool:
    """Whether a file in the folder can be cloned: tried with two files that never have a name."""
    try:
        source = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError:
        return False
    try:
        os.write(source, _BLOCK)
        target = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
        try:
            return clone(source, target)
        finally:
            os.close(target)
    except OSError:
        return False
    finally:
        os.close(source)


def clone(reader: int, writer: int) -> bool:
    """Make an empty open file share all blocks of another; tell whether the file system can."""
    try:
        fcntl.ioctl(writer, _FICLONE, reader)
    except OSError:
        return False
    return True
