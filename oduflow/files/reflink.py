"""Find out whether files below a folder can share blocks."""

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
            fcntl.ioctl(target, _FICLONE, source)
        finally:
            os.close(target)
    except OSError:
        return False
    finally:
        os.close(source)
    return True
