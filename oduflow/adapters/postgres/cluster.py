"""The superuser's side: utility statements from our own database, never inside a tenant's."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from oduflow.adapters.postgres import (
    bootstrap,
    copies,
    databases,
    handover,
    orphans,
    roles,
    snapshots,
    supervision,
)
from oduflow.adapters.postgres.config import PORT
from oduflow.adapters.postgres.connection import (
    SHORT,
    Endpoint,
    Session,
    never,
    open_admin,
    open_empty,
    open_first,
    open_tenant,
)
from oduflow.adapters.postgres.databases import Strategy
from oduflow.adapters.postgres.guard import Guard
from oduflow.adapters.postgres.supervision import LIMITS, EndedSession, OldestId, SessionLimits
from oduflow.domain.errors import NotFound, UpstreamFailed

READY_SECONDS = 2.0
_CLONE = 1800.0
_HAND_OVER = 300.0
_DROP_ROLE = "drop the database's role"


class Cluster:
    """One PostgreSQL server, reached through its socket as the superuser.

    Every method may be repeated, and raises the errors that `errors` lists.

    Args:
        socket_dir: folder of the host with the server's socket.
        password: reads the superuser's password, at each use.
        port: part of the socket's name.
    """

    def __init__(self, *, socket_dir: Path, password: Callable[[], str], port: int = PORT) -> None:
        self._endpoint = Endpoint(socket_dir, port)
        self._password = password
        self._guard = Guard(self._endpoint, password)

    def ready(self) -> None:
        """Check within 3 s that the server accepts a connection; it need not be prepared yet.

        Raises:
            NotRunning, StartingUp, Unresponsive, WrongPassword: the cause.
        """
        try:
            with self._admin("answer", READY_SECONDS) as admin:
                admin.run("SELECT 1")
        except NotFound:
            return

    def system_identifier(self, *, seconds: float = SHORT) -> str:
        """Return within `seconds` the cluster's system identifier, which initdb chose."""
        with self._admin("identify itself", seconds) as admin:
            return supervision.system_identifier(admin)

    def server_version(self) -> str:
        """Return the version without its packager's suffix, such as `18.1`."""
        with self._admin("tell its version") as admin:
            return supervision.server_version(admin)

    def last_crash(self) -> str:
        """Return the time of the last crash; before the first one, of the first start."""
        with self._admin("tell its last crash") as admin:
            return supervision.last_crash(admin)

    def prepare(self) -> None:
        """Create our own databases and revoke all rights of PUBLIC."""
        action = "prepare the cluster"
        try:
            self.system_identifier()
        except NotFound:
            with open_first(self._endpoint, self._password(), action) as first:
                bootstrap.lock_first(first)
        with self._admin(action) as admin:
            if not bootstrap.has_empty(admin):
                bootstrap.create_empty(admin)
                admin.run("SELECT pg_reload_conf()")  # older access rules do not name it
                with open_empty(self._endpoint, self._password(), action) as empty:
                    bootstrap.limit_empty(empty)
                bootstrap.seal_empty(admin)
            bootstrap.close_shared(admin)

    def reload(self) -> None:
        """Make the server reload its access rules.

        Raises:
            UpstreamFailed: a line is wrong; the former rules stay in force.
        """
        with self._admin("read its access rules") as admin:
            wrong = admin.run("SELECT error FROM pg_hba_file_rules WHERE error IS NOT NULL")
            if wrong:
                message = "PostgreSQL refuses its access rules; the ones before stay in force."
                raise UpstreamFailed(message, output=str(wrong[0][0]))
            admin.run("SELECT pg_reload_conf()")

    def create_role(self, role: str, password: str, *, connection_limit: int) -> None:
        """Create a tenant's role without privileges; an existing one gets this password."""
        with self._admin("make the database's role") as admin:
            roles.ensure(admin, role, password, connection_limit)

    def create_database(self, database: str, owner: str) -> None:
        """Create an empty database that only its owner can connect to."""
        with self._admin("make the database", _CLONE) as admin:
            databases.ensure(admin, database, owner)

    def clone_database(
        self,
        template: str,
        database: str,
        owner: str,
        *,
        strategy: Strategy,
        cancelled: Callable[[], bool] = never,
    ) -> None:
        """Copy a database; the objects inside keep their owner until `hand_over`.

        Args:
            template: the source; sealed, or without any open connection.
            database: the copy.
            owner: role of the copy; only it can connect.
            strategy: `wal_log` for small sources, `file_copy` for large ones.
            cancelled: asked twice a second whether to stop; afterwards the server may still be
                copying, which `drop_database` ends.

        Raises:
            Cancelled: `cancelled` returned true.
            InUse: the source has open connections.
            QuotaReached: the disk is full.
        """
        with self._admin("copy the database", _CLONE, cancelled) as admin:
            databases.clone(admin, template, database, owner, strategy)

    def hand_over(
        self,
        database: str,
        *,
        from_role: str,
        to_role: str,
        password: str,
        cancelled: Callable[[], bool] = never,
    ) -> None:
        """Make the copy's role the owner of every object in it.

        Args:
            database: the copy, owned by `to_role`.
            from_role: the former owner; it keeps its own databases, and may serve meanwhile.
            to_role: the new owner.
            password: the new owner's.
            cancelled: asked twice a second whether to stop.

        Raises:
            Cancelled: `cancelled` returned true.
        """
        action = "hand the copied database over"
        with (
            self._admin(action, _HAND_OVER, cancelled) as admin,
            handover.lent(admin, from_role, to_role) as kept,
            open_tenant(
                *(self._endpoint, database, to_role, password),
                action,
                entrance=partial(roles.cheap_sign_in, admin),
                seconds=_HAND_OVER,
                cancelled=cancelled,
            ) as copy,
        ):
            handover.take_over(copy, from_role, to_role, kept)

    def let_read(self, reader: str, objects_of: str) -> None:
        """Let `reader`, a copy's role, read what `objects_of` owns in it, until it is dropped."""
        with self._admin("let a role read the copied database") as admin:
            roles.let_read(admin, objects_of, reader)

    @contextmanager
    def entrance(self, role: str, password: str) -> Iterator[None]:
        """Prepare a tenant's role for signing in, until the block ends.

        Raises:
            Busy: the tenant changes its password all the time.
        """
        with (
            self._admin("let us in as the database's role") as admin,
            roles.cheap_sign_in(admin, role, password),
        ):
            yield

    def seal_template(self, database: str, role: str) -> None:
        """Make a database a template: it can be copied, and never connected to again."""
        with self._admin("seal the template") as admin:
            databases.seal(admin, database, role)

    def take_back_settings(
        self, database: str, role: str, password: str, *, connection_limit: int
    ) -> None:
        """End a tenant's sessions and undo what it set: parameters, limits, its own password.

        For a database whose content ran as the tenant's role, such as a restored dump. The
        role cannot sign in meanwhile: the content may have set a password that others know.
        """
        with self._admin("reset the database's settings") as admin:
            roles.lock_out(admin, role)
            roles.end_sessions(admin, role)
            databases.forget_settings(admin, database, role)
            roles.ensure(admin, role, password, connection_limit)

    def drop_database(self, database: str) -> None:
        """Drop a database, sealed or not, and end its connections."""
        with self._admin("drop the database", _HAND_OVER) as admin:
            databases.drop(admin, database)
            roles.sweep(admin)

    def drop_interrupted(self) -> tuple[str, ...]:
        """Drop the databases whose removal a crash has cut off, and return them."""
        with self._admin("drop half-removed databases", _HAND_OVER) as admin:
            dropped = orphans.drop_interrupted(admin)
            roles.sweep(admin)
        return dropped

    def remove_orphans(
        self, folders: AbstractSet[str], remove: Callable[[str], None]
    ) -> tuple[str, ...]:
        """Remove folders that no database has; see `orphans`."""
        with self._admin("find folders without a database") as admin:
            return orphans.orphans(admin, folders, remove)

    def busy_sessions(self, database: str) -> int:
        """Count the sessions of a database that are in a statement or a transaction."""
        with self._admin("look at the database's sessions") as admin:
            return snapshots.busy_sessions(admin, database)

    def flush(self, cancelled: Callable[[], bool] = never) -> None:
        """Write what is only in memory to the disk, so that no copy by files waits for it."""
        with self._admin("write its memory to the disk", _CLONE, cancelled) as admin:
            admin.run("CHECKPOINT")

    def take_snapshot(
        self,
        database: str,
        snapshot: str,
        *,
        strategy: Strategy,
        cancelled: Callable[[], bool] = never,
    ) -> None:
        """End a database's sessions, and copy it into a snapshot, which admits none.

        Raises:
            Busy: new sessions begin all the time.
            Cancelled: `cancelled` returned true; `drop_database` removes what is left.
        """
        with self._admin("copy the database", _CLONE, cancelled) as admin:
            snapshots.end_sessions(admin, database)
            snapshots.take(admin, database, snapshot, strategy)

    def adopt_snapshot(self, snapshot: str, database: str) -> None:
        """Make a snapshot the database of the role of its name, by a rename; `hand_over` follows.

        The snapshot is none any more. The call may be repeated.

        Raises:
            NotFound: there is no such snapshot.
        """
        with self._admin("adopt the copied database") as admin:
            snapshots.adopt(admin, snapshot, database)

    def prepare_rollback(
        self,
        snapshot: str,
        new: str,
        owner: str,
        *,
        strategy: Strategy,
        cancelled: Callable[[], bool] = never,
    ) -> None:
        """Copy a snapshot into a database that admits no session until `admit`.

        Raises:
            Cancelled: `cancelled` returned true; `drop_database` removes what is left.
        """
        with self._admin("copy the snapshot", _CLONE, cancelled) as admin:
            snapshots.prepare(admin, snapshot, new, owner, strategy)

    def exchange_database(self, database: str, new: str, old: str) -> None:
        """Put `new` in the place of a database, which becomes the snapshot `old`; `admit` opens it.

        Raises:
            Busy: new sessions begin all the time.
        """
        with self._admin("exchange the database") as admin:
            snapshots.exchange(admin, database, new, old)

    def is_copy(self, database: str, snapshot: str) -> bool:
        """Whether a database is what `prepare_rollback` copied from a snapshot; see `copies`."""
        with self._admin("compare the database with the snapshot") as admin:
            return copies.is_copy(admin, database, snapshot)

    def admit(self, database: str) -> None:
        """Let a database that was proven with `is_copy` admit sessions."""
        with self._admin("open the database") as admin:
            snapshots.admit(admin, database)

    def has_database(self, database: str) -> bool:
        """Whether there is a whole database of that name."""
        with self._admin("look for the database") as admin:
            return snapshots.exists(admin, database)

    def drop_role(self, role: str) -> None:
        """Drop a tenant's role, its sessions and its grants.

        Raises:
            Conflict: its own database still exists.
        """
        with self._admin(_DROP_ROLE) as admin:
            held = roles.drop_and_sweep(admin, role)
        self._disown(held)

    def drop_tenant(self, name: str) -> None:
        """Drop a database and the role of its name, in one session."""
        with self._admin("drop the database", _HAND_OVER) as admin:
            databases.drop(admin, name)
            held = roles.drop_and_sweep(admin, name)
        self._disown(held)

    def _disown(self, held: Sequence[str]) -> None:
        """Drop roles that only what they left in the shared database keeps."""
        if held:
            # A tenant can leave nothing in `postgres` but its own default privileges.
            with open_first(self._endpoint, self._password(), _DROP_ROLE) as first:
                roles.disown_all(first, held)

    def databases(self) -> set[str]:
        """List the databases of environments and templates."""
        with self._admin("list databases") as admin:
            return databases.tenants(admin)

    def folders(self) -> dict[str, str]:
        """Return the folder of each database of an environment or template, below `base`."""
        with self._admin("list the databases' folders") as admin:
            return databases.folders(admin)

    def sealed(self) -> set[str]:
        """List sealed templates."""
        with self._admin("list templates") as admin:
            return databases.sealed(admin)

    def roles(self) -> set[str]:
        """List the roles of environments and templates."""
        with self._admin("list roles") as admin:
            return roles.tenants(admin)

    def database_size(self, database: str) -> int:
        """Return a database's size on disk, in bytes.

        Raises:
            NotFound: there is no such database.
        """
        with self._admin("measure the database") as admin:
            return databases.size(admin, database)

    def end_excessive(self, limits: SessionLimits = LIMITS) -> tuple[EndedSession, ...]:
        """End the sessions of tenants that hold up the whole cluster, and return them."""
        with self._admin("end sessions") as admin:
            return supervision.end_excessive(admin, limits)

    def keep_guard(self) -> None:
        """Keep a session open from now on, for `end_hoarder`."""
        self._guard.keep()

    def end_hoarder(self) -> int:
        """End the session that fills the lock table; return its locks, 0 without `keep_guard`."""
        return self._guard.end_hoarder()

    def oldest_id(self) -> OldestId:
        """Return the oldest transaction id, from whose age on the cluster accepts no writes."""
        with self._admin("tell the age of its transaction ids") as admin:
            return supervision.oldest_id(admin)

    def _admin(
        self, action: str, seconds: float = SHORT, cancelled: Callable[[], bool] = never
    ) -> AbstractContextManager[Session]:
        return open_admin(
            self._endpoint, self._password(), action, seconds=seconds, cancelled=cancelled
        )
