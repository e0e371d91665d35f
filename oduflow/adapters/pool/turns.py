"""Take turns: what one has decided from the free space of a disk holds until it has allocated."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL_SECONDS = 0.05
WAIT_SECONDS = 60.0  # for a growth, which takes as long as the disk needs to allocate it


@contextmanager
def turn(path: Path, wait: float = WAIT_SECONDS) -> Iterator[bool]:
    """Hold the turn of a file or folder against other threads and processes.

    Args:
        path: the image whose turn it is to grow, or the folder of all images that take space from
            the same disk.
        wait: for how many seconds to wait for it.

    Yields:
        Whether it is held; another one has it else.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield _locked(descriptor, wait)
    finally:
        os.close(descriptor)  # which releases it


def _locked(descriptor: int, wait: float) -> bool:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True
