"""Attack everything outside, from inside a throw-away environment.

It runs in the container of a canary, as a file of its checkout, with `canary.json` beside it. Each
line of the output is a JSON object. A phase that exhausts something tells `held` and keeps it until
the server has written its name into the file `released`, so that the server sees how the others
fare meanwhile.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import select
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from canary_disk import files, root_files, rows, temporary_files
from canary_tools import (
    CHANNEL,
    HOLD_SECONDS,
    LIBC,
    LIFE_SECONDS,
    SETTINGS,
    ask,
    enter,
    hold,
    tell,
)
from canary_user_limits import MOST, MOST_OF_OTHERS, USER_LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable

LOCK_SECONDS = 8
CONNECT_SECONDS = 2
PIECE = 16 << 20
MOST_SESSIONS = 60
RESOLUTIONS = 3
NEW_NAMESPACES = 0x10000000 | 0x00020000  # CLONE_NEWUSER, CLONE_NEWNS
UNWRITABLE = {"proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "devtmpfs"}


# -- what an environment may connect to, and what it sees


def reach() -> dict[str, str]:
    """Open a TCP connection to each target."""
    with ThreadPoolExecutor(32) as pool:
        found = pool.map(lambda target: attempt(*target), SETTINGS["targets"].values())
        return dict(zip(SETTINGS["targets"], found))  # noqa: B905 - Python 3.9 has no `strict`


def attempt(address: str, port: int) -> str:
    """Return `connected`, `closed` when the port answered, `dropped`, or the error's name."""
    try:
        socket.create_connection((address, port), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        if error.errno is None or error.errno == errno.ETIMEDOUT:
            return "dropped"
        closed = error.errno == errno.ECONNREFUSED
        return "closed" if closed else errno.errorcode.get(error.errno, str(error.errno))
    return "connected"


def names() -> dict[str, bool]:
    """Resolve each name."""

    def resolves(name: str) -> bool:
        for _ in range(RESOLUTIONS):  # a busy machine may not answer within the first second
            try:
                return bool(socket.getaddrinfo(name, 80))
            except OSError:
                pass
        return False

    with ThreadPoolExecutor(16) as pool:
        return dict(zip(SETTINGS["names"], pool.map(resolves, SETTINGS["names"])))  # noqa: B905


def process() -> dict[str, Any]:
    """Describe the process: user, capabilities, filter of system calls, environment, IPv6."""
    wanted = ("Uid", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
    status = dict(line.split(":", 1) for line in lines_of("/proc/self/status"))
    variables = Path("/proc/self/environ").read_text("utf-8", "replace").split("\0")
    return {
        "status": {key: status.get(key, "").split()[:1] for key in wanted},
        "environment": sorted(each.partition("=")[0] for each in variables if each),
        "ipv6": sorted({line.split()[-1] for line in lines_of("/proc/net/if_inet6")} - {"lo"}),
    }


def lines_of(path: str) -> list[str]:
    """Return the lines of a file; none if it is absent."""
    file = Path(path)
    return file.read_text("utf-8", "replace").splitlines() if file.exists() else []


def mounts() -> dict[str, Any]:
    """Create a file in each mount; return the mounts that took it, and engine's sockets."""
    written, sockets = {}, []
    for line in lines_of("/proc/self/mountinfo"):
        left, _, right = line.partition(" - ")
        target, kind = left.split()[4], right.split()[0]
        if "docker.sock" in line:
            sockets.append(target)
        if kind not in UNWRITABLE and target != "/" and writable(Path(target)):
            written[target] = kind
    found = [each for each in ("/var/run/docker.sock", "/run/docker.sock") if Path(each).exists()]
    return {"written": written, "sockets": sockets + found}


def writable(target: Path) -> bool:
    """Return whether a mounted folder or file can be written."""
    if not target.is_dir():
        return os.access(str(target), os.W_OK) and not target.is_char_device()
    probe = target / ".canary"
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def kernel() -> list[str]:
    """Return the privileged actions that the kernel did not refuse."""
    attempts: dict[str, Callable[[], Any]] = {
        "raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
        "packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
        "mount": lambda: refused(LIBC.mount(b"none", b"/tmp", b"tmpfs", 0, None)),
        "new namespaces": lambda: refused(LIBC.unshare(NEW_NAMESPACES)),
        "host name": lambda: refused(LIBC.sethostname(b"canary", 6)),
        "root": lambda: os.setuid(0),
        "chroot": lambda: os.chroot("/"),
        "core pattern": lambda: os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY),
        "system request": lambda: os.open("/proc/sysrq-trigger", os.O_WRONLY),
        "memory of the machine": lambda: os.open("/dev/mem", os.O_RDONLY),
    }
    return [name for name, act in attempts.items() if succeeds(act)]


def refused(code: int) -> None:
    """Raise the error of a call of the C library."""
    if code:
        raise OSError(ctypes.get_errno(), "refused")


def succeeds(act: Callable[[], Any]) -> bool:
    """Return whether an action raises no error."""
    try:
        act()
    except OSError:
        return False
    return True


def catalog() -> dict[str, Any]:
    """Read the catalogs, enter other databases, and try what only an administrator may."""
    seen: set[str] = set()
    for database in ("", "postgres"):
        connection = enter(database)
        for column, table in (
            ("datname", "pg_database"),
            ("rolname", "pg_roles"),
            ("usename", "pg_stat_activity"),
            ("datname", "pg_stat_activity"),
        ):
            statement = f"SELECT {column}::text FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608
            seen.update(ask(connection, statement))
        connection.close()
    entered = [name for name in SETTINGS["databases"] if not raises(lambda name=name: enter(name))]
    statements = (
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "CREATE ROLE canary_role",
        "CREATE DATABASE canary_database",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "ALTER SYSTEM SET work_mem = '5MB'",
    )
    own = enter()
    taken = [each for each in statements if not raises(lambda each=each: ask(own, each))]
    own.close()
    return {"names": sorted(seen), "entered": entered, "statements": taken}


def raises(act: Callable[[], Any]) -> bool:
    """Return whether PostgreSQL refuses."""
    try:
        act()
    except psycopg2.Error:
        return True
    return False


# -- what may be exhausted without effect on others


def notify() -> int:
    """Send a notification; return how many arrived at a session of the own team."""
    listening, sending = enter("postgres"), enter("postgres")
    ask(listening, f"LISTEN {CHANNEL}")
    ask(sending, f"NOTIFY {CHANNEL}, 'from the attacker'")
    select.select([listening], [], [], 5)
    listening.poll()
    hold("notify")
    return len(listening.notifies)


def locks() -> dict[str, Any]:
    """Fill the lock table: with advisory locks, then with the locks of new tables, as they end."""
    connection, taken, deadline = enter(), 0, time.monotonic() + LOCK_SECONDS
    code = refusal(connection, "SELECT pg_advisory_lock(n) FROM generate_series(1, 200000) AS n")
    ask(connection, "BEGIN")
    for size in (1000, 100, 10, 1):
        full = False
        while not full and time.monotonic() < deadline:
            ask(connection, "SAVEPOINT piece")
            loop = f"FOR n IN {taken + 1} .. {taken + size} LOOP"
            create = "EXECUTE format('CREATE TABLE canary_%s ()', n);"
            full = bool(refusal(connection, f"DO $$ BEGIN {loop} {create} END LOOP; END $$"))
            if full:
                ask(connection, "ROLLBACK TO piece")
            else:
                taken += size
    hold("locks")
    connection.close()
    return {"advisory": code, "tables": taken}


def refusal(connection: Any, statement: str) -> str:
    """Run a statement; return the code of PostgreSQL's error, empty when it succeeds."""
    try:
        ask(connection, statement)
    except psycopg2.Error as error:
        return error.pgcode or "ended"
    return ""


def connections() -> dict[str, int]:
    """Open sessions, then connections that never sign in, until they are refused."""
    host, port = SETTINGS["database"]
    sessions = gather(enter, MOST_SESSIONS)
    sockets = gather(
        lambda: socket.create_connection((host, port), timeout=0.5), MOST_SESSIONS - len(sessions)
    )
    hold("connections")
    for each in [*sessions, *sockets]:
        each.close()
    return {"sessions": len(sessions), "connections": len(sockets)}


def gather(make: Callable[[], Any], most: int) -> list[Any]:
    """Make things until it is refused."""
    made: list[Any] = []
    try:
        while len(made) < most:
            made.append(make())
    except (OSError, psycopg2.Error, RuntimeError):
        pass
    return made


def threads() -> int:
    """Start threads until the kernel refuses; return how many there were."""
    threading.stack_size(1 << 16)
    end = threading.Event()

    def start() -> threading.Thread:
        thread = threading.Thread(target=end.wait, daemon=True)
        thread.start()
        return thread

    made = gather(start, 2 * SETTINGS["pids"])
    hold("threads")
    end.set()
    for thread in made:  # a later phase needs the room
        thread.join()
    return len(made)


def processors() -> float:
    """Compute in more processes than there are processors; return how many were used."""
    children = [spinning() for _ in range((os.cpu_count() or 1) + 1)]
    begun = time.monotonic()
    hold("processors")
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((used.ru_utime + used.ru_stime) / (time.monotonic() - begun), 2)


def spinning() -> int:
    """Start a process that computes; it ends by itself at the latest after the phase."""
    child = os.fork()
    if not child:
        signal.alarm(HOLD_SECONDS)
        while True:
            pass
    return child


def user_limit(name: str) -> Callable[[], int]:
    """Return a phase that makes what the kernel counts for each user, until it is refused."""

    def phase() -> int:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        made = gather(USER_LIMITS[name], MOST.get(name, MOST_OF_OTHERS))
        hold(name)
        for free in made:
            free()
        return len(made)

    phase.__name__ = name
    return phase


def memory() -> int:
    """Use twice the container's memory in a child; return the signal that ended it, or 0."""
    child = os.fork()
    if not child:
        signal.alarm(HOLD_SECONDS)
        kept = [b"x" * PIECE for _ in range(2 * SETTINGS["memory"] // PIECE)]
        os._exit(0 if kept else 1)
    _, status = os.waitpid(child, 0)
    hold("memory")
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def database_memory() -> bool:
    """Build a text larger than PostgreSQL's memory; return whether that succeeded."""
    size = 2 * SETTINGS["database_memory"] // PIECE
    statement = (
        f"SELECT length(string_agg(repeat('x', {PIECE}), '')) FROM generate_series(1, {size})"  # noqa: S608
    )
    ended = raises(lambda: ask(enter(), statement))
    hold("database_memory")
    return not ended


PHASES = (
    reach,
    names,
    process,
    mounts,
    kernel,
    catalog,
    notify,
    locks,
    connections,
    threads,
    processors,
    *map(user_limit, USER_LIMITS),
    memory,
    database_memory,
    root_files,
    temporary_files,
    files,
    rows,
)


def attack() -> None:
    """Run every phase; one that fails does not keep the others from running."""
    for phase in PHASES:
        name = phase.__name__
        tell(begin=name)
        try:
            tell(phase=name, found=phase())
        except Exception as error:  # noqa: BLE001 - told, and then not measured
            tell(phase=name, error=f"{type(error).__name__}: {error}"[:300])


if __name__ == "__main__":
    signal.alarm(LIFE_SECONDS)
    attack()
