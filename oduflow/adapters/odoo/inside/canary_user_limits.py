"""What the kernel counts for each user id, in all containers together.

Each function makes one thing and returns what frees it. It raises OSError where the user has too
many: another container's are counted too if it has the same user id.
"""

from __future__ import annotations

import ctypes
import fcntl
import itertools
import os
from typing import TYPE_CHECKING

from canary_tools import LIBC

if TYPE_CHECKING:
    from collections.abc import Callable

GET_PIPE_SIZE = 1032  # fcntl(2), F_GETPIPE_SZ, which Python names from 3.10 on
USUAL_PIPE = 65536
MONOTONIC = 1
NUMBERS = itertools.count()
MOST = {"timers": 100_000}  # of the others MOST_OF_OTHERS: the container's memory is small
MOST_OF_OTHERS = 20_000


def inotify() -> Callable[[], None]:
    """Make an inotify instance (inotify(7), max_user_instances)."""
    descriptor = LIBC.inotify_init1(0)
    if descriptor < 0:
        raise _error()
    return lambda: os.close(descriptor)


def pipe() -> Callable[[], None]:
    """Make a pipe of the usual size (pipe(7), pipe-user-pages-soft); above, they are small."""
    reading, writing = os.pipe()

    def free() -> None:
        os.close(reading)
        os.close(writing)

    if fcntl.fcntl(reading, GET_PIPE_SIZE) < USUAL_PIPE:
        free()
        raise OSError("the pipe is small")
    return free


def message_queue() -> Callable[[], None]:
    """Make a queue of messages (mq_overview(7), RLIMIT_MSGQUEUE)."""
    name = f"/canary-{os.getpid()}-{next(NUMBERS)}".encode()
    descriptor = _REALTIME.mq_open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600, None)
    if descriptor < 0:
        raise _error()

    def free() -> None:
        os.close(descriptor)
        _REALTIME.mq_unlink(name)

    return free


def timer() -> Callable[[], None]:
    """Make a timer that is not started (timer_create(2), RLIMIT_SIGPENDING)."""
    number = ctypes.c_void_p()
    if _REALTIME.timer_create(MONOTONIC, None, ctypes.byref(number)):
        raise _error()

    def free() -> None:
        _REALTIME.timer_delete(number)

    return free


def _error() -> OSError:
    return OSError(ctypes.get_errno(), "refused")


def _realtime() -> ctypes.CDLL:
    """Return the library that has these functions; since glibc 2.34 it is the C library."""
    return LIBC if hasattr(LIBC, "mq_open") else ctypes.CDLL("librt.so.1", use_errno=True)


_REALTIME = _realtime()
USER_LIMITS: dict[str, Callable[[], Callable[[], None]]] = {
    "inotify": inotify,
    "pipes": pipe,
    "message_queues": message_queue,
    "timers": timer,
}
