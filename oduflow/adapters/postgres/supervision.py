"""The sessions of tenants that hold up the whole cluster: ended from the maintenance database.

A tenant may change the time limits of its own sessions, so the limits here are kept from outside.
"""

from dataclasses import dataclass

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.names import FIRST, READER_PREFIX, SESSION_PATTERN


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What a tenant's session may hold.

    Attributes:
        bus_seconds: how long a transaction in the database of Odoo's bus may be. Odoo's own listen
            and notify in an instant; a listener in a transaction keeps every notification.
        idle_seconds: how long a transaction of another program than Odoo may do nothing. Odoo may
            compute for hours between two statements, and holds locks in its own database only.
        read_seconds: how long a caller's statement that only reads may be. It can lift its own time
            limits, and go on when its caller no longer waits.
        transaction_age: of how many newer transactions a session may keep the ids.
        database_age: the age of a database's oldest id from which its sessions are ended, so that
            vacuum can remove the old ids. At 2.1 billion the cluster accepts no more writes.
    """

    bus_seconds: float = 60.0
    idle_seconds: float = 600.0
    read_seconds: float = 120.0
    transaction_age: int = 500_000_000
    database_age: int = 1_000_000_000


LIMITS = SessionLimits()


@dataclass(frozen=True, slots=True)
class EndedSession:
    """A session that was ended, and why."""

    role: str
    reason: str


@dataclass(frozen=True, slots=True)
class OldestId:
    """The oldest transaction id of the cluster, the database that has it, and its age."""

    database: str
    age: int


# Odoo 14 gives its sessions no name, later versions `odoo-<process>`.
_FOUND = """
    SELECT pid, usename, CASE
        WHEN datname = %(bus)s AND xact_start < now() - %(bus_seconds)s * interval '1 second'
        THEN 'a long transaction in the database of the bus'
        WHEN starts_with(usename, %(readers)s)
        AND xact_start < now() - %(read_seconds)s * interval '1 second'
        THEN 'a statement that only reads and outlived its caller'
        WHEN greatest(age(backend_xid), age(backend_xmin)) > %(transaction_age)s
        THEN 'a transaction that keeps too many transaction ids'
        WHEN age(datfrozenxid) > %(database_age)s
        THEN 'its database has too old transaction ids'
        WHEN starts_with(state, 'idle in transaction') AND application_name !~ '^(odoo.*)?$'
        AND state_change < now() - %(idle_seconds)s * interval '1 second'
        THEN 'a transaction of another program than Odoo that does nothing'
    END AS reason
    FROM pg_stat_activity JOIN pg_database USING (datname) WHERE usename ~ %(tenants)s
"""
_END_MS = 1000
_END = f"""
    SELECT usename, reason, pg_terminate_backend(pid, {_END_MS}) FROM ({_FOUND}) AS found
    WHERE reason IS NOT NULL
"""  # noqa: S608 - made of constants
_OLDEST = """
    SELECT datname, greatest(age(datfrozenxid), mxid_age(datminmxid)) AS oldest
    FROM pg_database ORDER BY oldest DESC LIMIT 1
"""


def end_excessive(admin: Session, limits: SessionLimits) -> tuple[EndedSession, ...]:
    """End the sessions beyond the limits, and return them."""
    values = {
        "bus": FIRST,
        "tenants": SESSION_PATTERN,
        "readers": READER_PREFIX,
        "read_seconds": limits.read_seconds,
        "bus_seconds": limits.bus_seconds,
        "idle_seconds": limits.idle_seconds,
        "transaction_age": limits.transaction_age,
        "database_age": limits.database_age,
    }
    ended = admin.execute(_END, values).fetchall()
    # PostgreSQL keeps a full queue of notifications full until this is called (seen in 18).
    admin.run("SELECT pg_notification_queue_usage()")
    return tuple(EndedSession(role, reason) for role, reason, _ in ended)


def oldest_id(admin: Session) -> OldestId:
    """Return the database with the oldest id, whether of transactions or of multixacts."""
    ((database, age),) = admin.run(_OLDEST)
    return OldestId(database, age)


def system_identifier(admin: Session) -> str:
    """Return the number that initdb gave to the cluster, as text."""
    ((identifier,),) = admin.run("SELECT system_identifier FROM pg_control_system()")
    return str(identifier)


def server_version(session: Session) -> str:
    """Return the server's version, such as `18.1`; a tenant's own database cannot change it."""
    [(number,)] = session.run("SELECT pg_catalog.current_setting('server_version_num')")
    major, minor = divmod(int(number), 10_000)
    return f"{major}.{minor}"


def last_crash(admin: Session) -> str:
    """Return when PostgreSQL last started with empty statistics, which it does after a crash only.

    A crash may have lost commits that did not wait for the disk.
    """
    ((since,),) = admin.run("SELECT stats_reset::text FROM pg_stat_wal")
    return str(since)
