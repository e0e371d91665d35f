"""Be the neighbour that must not notice the attack: listen, and tell what still works.

It runs in the container of a canary, as a file of its checkout, beside `canary_tools.py`. Each line
of the output tells what failed, how long it took, and the notifications that arrived.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg2
from canary_tools import CHANNEL, LIFE_SECONDS, ask, enter, tell
from canary_user_limits import USER_LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable

BEAT_SECONDS = 0.2
ODOO_PORT = 8069
FILE, FILE_BYTES = "/var/lib/odoo/beat", 1 << 18


def serve() -> None:
    """Accept connections as an Odoo does."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", ODOO_PORT))  # noqa: S104
    listener.listen()
    while True:
        listener.accept()[0].close()


def observe() -> None:
    """Tell again and again what works."""
    threading.Thread(target=serve, daemon=True).start()
    bus = enter("postgres")
    ask(bus, f"LISTEN {CHANNEL}")
    while True:
        begun = time.monotonic()
        failures = [what for what, act in ACTIONS.items() if not works(act)]
        took = round(time.monotonic() - begun, 3)
        works(bus.poll)
        heard = [each.payload for each in bus.notifies]
        tell(at=begun, seconds=took, failures=failures, heard=heard)
        time.sleep(BEAT_SECONDS)


def query() -> None:
    """Sign in and ask something."""
    connection = enter()
    ask(connection, "SELECT 1")
    connection.close()


def run_thread() -> None:
    """Start a thread."""
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def write() -> None:
    """Write a file and a row, and wait until both are on the disk."""
    descriptor = os.open(FILE, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, os.urandom(FILE_BYTES), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    connection = enter()
    ask(connection, "SET synchronous_commit = on")
    ask(connection, "CREATE TABLE IF NOT EXISTS canary_beats (at timestamp)")
    ask(connection, "INSERT INTO canary_beats VALUES (now())")
    connection.close()


def make_and_free(make: Callable[[], Callable[[], None]]) -> None:
    """Make one of what the kernel counts for each user."""
    make()()


ACTIONS: dict[str, Callable[[], Any]] = {
    "query": query,
    "thread": run_thread,
    "write": write,
    **{name: partial(make_and_free, make) for name, make in USER_LIMITS.items()},
}


def works(act: Callable[[], Any]) -> bool:
    """Return whether an action succeeds."""
    try:
        act()
    except (OSError, RuntimeError, psycopg2.Error):
        return False
    return True


if __name__ == "__main__":
    signal.alarm(LIFE_SECONDS)
    observe()
