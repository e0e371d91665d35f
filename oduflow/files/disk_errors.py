"""The translation of the file system's errors, which every adapter that writes files needs."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from oduflow.domain.errors import QuotaReached, UpstreamFailed

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def disk_errors(*, full: tuple[str, str], other: tuple[str, str]) -> Iterator[None]:
    """Raise the domain's errors in place of OSError.

    Args:
        full: message and hint for a full disk.
        other: message and hint for everything else.

    Raises:
        QuotaReached: the disk is full.
        UpstreamFailed: any other OSError.
    """
    try:
        yield
    except OSError as cause:
        if cause.errno in DISK_FULL:
            raise QuotaReached(*full) from cause
        raise UpstreamFailed(*other) from cause
