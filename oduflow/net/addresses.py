"""Resolve host names within a deadline, and select public addresses."""

import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import BoundedSemaphore, Thread

from oduflow.domain.addresses import is_public

MAX_PENDING = 64

IPAddress = IPv4Address | IPv6Address
Resolve = Callable[[str, float], tuple[IPAddress, ...]]
"""Takes a host and a `time.monotonic` deadline, returns at least one address.

Raises:
    ResolveFailed: the host has no address, or none was found in time.
"""


class ResolveFailed(Exception):
    """A host has no address, or none was found in time."""


class Resolver:
    """Resolves names with getaddrinfo, each in a thread of its own, because it has no timeout.

    Args:
        max_pending: the limit of unfinished lookups, including those past their deadline.
    """

    def __init__(self, max_pending: int = MAX_PENDING) -> None:
        self._pending = BoundedSemaphore(max_pending)

    def __call__(self, host: str, deadline: float) -> tuple[IPAddress, ...]:
        """Return a host's addresses in the order of getaddrinfo; see `Resolve`."""
        if not self._pending.acquire(blocking=False):
            raise ResolveFailed("too many lookups are pending")
        lookup: Future[tuple[IPAddress, ...]] = Future()
        thread = Thread(target=self._run, args=(lookup, host), name="resolve", daemon=True)
        try:
            thread.start()
        except RuntimeError as cause:
            self._pending.release()
            raise ResolveFailed("no more threads can be started") from cause
        try:
            return lookup.result(max(0.0, deadline - time.monotonic()))
        except (OSError, ValueError) as cause:
            raise ResolveFailed(f"{host} was not resolved") from cause

    def _run(self, lookup: Future[tuple[IPAddress, ...]], host: str) -> None:
        try:
            lookup.set_result(look_up(host))
        except (OSError, ValueError) as cause:
            lookup.set_exception(cause)
        finally:
            self._pending.release()


def look_up(host: str) -> tuple[IPAddress, ...]:
    """Resolve a name with getaddrinfo, which may take minutes.

    Raises:
        OSError: the name does not exist, or no name server answers.
        ValueError: the name is not valid in DNS.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ip_address(sockaddr[0]) for *_, sockaddr in found))


resolve = Resolver()


def public_only(addresses: Iterable[IPAddress]) -> tuple[IPAddress, ...]:
    """Return the public ones of the addresses."""
    return tuple(filter(is_public, addresses))
