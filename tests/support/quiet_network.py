"""A separate network for a browser: loopback only, whose addresses never change.

Chromium drops its connections (ERR_NETWORK_CHANGED) whenever the machine's addresses change, and
tests that run in parallel create Docker networks. A listening socket stays in the
namespace where it was made, so a server of this process serves there without moving.

Source: network_namespaces(7), setns(2), netdevice(7).
"""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1
IFREQ = "16sH22x"

T = TypeVar("T")
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class QuietNetwork:
    """One namespace; `launcher` runs a program in it."""

    namespace: int
    launcher: Path

    def listen(self, port: int = 0) -> socket.socket:
        """Listen on a port of its loopback, a free one where none is given."""
        return _in_thread(lambda: self._listen(port))

    def _listen(self, port: int) -> socket.socket:
        _check(_libc.setns(self.namespace, CLONE_NEWNET))
        return _listener(port)


@dataclass(frozen=True)
class SharedNetwork:
    """The machine's own network, if the user may not make namespaces."""

    launcher: Path

    def listen(self) -> socket.socket:
        """Listen on a free port of the machine's loopback."""
        return _listener()


@contextmanager
def quiet_network(program: str) -> Iterator[QuietNetwork | SharedNetwork]:
    """Make a namespace in which `program` can be run; without root there is none."""
    try:
        namespace = _in_thread(_make)
    except PermissionError:
        yield SharedNetwork(Path(program))
        return
    with TemporaryDirectory() as folder:
        launcher = Path(folder) / "launch"
        place = f"/proc/{os.getpid()}/fd/{namespace}"
        launcher.write_text(f'#!/bin/sh\nexec nsenter --net={place} {program} "$@"\n')
        launcher.chmod(0o755)
        yield QuietNetwork(namespace, launcher)
    os.close(namespace)


def _make() -> int:
    _check(_libc.unshare(CLONE_NEWNET))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack(IFREQ, b"lo", IFF_UP))
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def _listener(port: int = 0) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def _in_thread(work: Callable[[], T]) -> T:
    """Run a function in a new thread: a namespace belongs to a thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
