"""Translate errors of the file system."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from oduflow.domain.errors import QuotaReached, UpstreamFailed

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def disk_errors(*, full: tuple[str, str], other: tuple[str, str]) -> Iterator[None]:
    """Translate OSError into the domain's errors.

    Args:
        full: message and hint for a full disk.
        other: message and hint for any other OSError.

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
