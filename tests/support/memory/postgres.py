"""A PostgreSQL cluster in memory, and the tenants' side of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count

from oduflow.adapters.postgres.connection import SHORT, never
from oduflow.adapters.postgres.databases import Strategy
from oduflow.adapters.postgres.errors import InUse, NotRunning, WrongPassword
from oduflow.adapters.postgres.names import tenant_name
from oduflow.adapters.postgres.supervision import LIMITS, EndedSession, OldestId, SessionLimits
from oduflow.domain.errors import Cancelled, Conflict, NotFound

EMPTY_BYTES = 8 << 20

_numbers = count(1)


@dataclass(frozen=True)
class Database:
    """One database.

    Attributes:
        objects_of: the role that owns what is in it.
        modules: their states; None where there is no Odoo.
        login: of Odoo's administrator; None where there is none.
        secret: parts copies; sessions are signed with it.
    """

    owner: str
    objects_of: str
    sealed: bool = False
    size: int = EMPTY_BYTES
    extensions: bool = False
    modules: dict[str, str] | None = None
    login: str | None = None
    admin_password: str = ""
    secret: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    in_use: bool = False


@dataclass
class MemoryPostgres:
    """One cluster.

    Attributes:
        running: tells whether the server runs.
        roles: the password of each; None may not sign in.
        guarded: whether a session is kept that can end others.
        excessive: the sessions that are ended next.
        oldest: the oldest transaction id.
    """

    running: Callable[[], bool] = lambda: True
    identifier: str = "7000000000000000001"
    prepared: bool = False
    databases: dict[str, Database] = field(default_factory=dict)
    roles: dict[str, str | None] = field(default_factory=dict)
    excessive: tuple[EndedSession, ...] = ()
    guarded: bool = False
    oldest: OldestId = field(default_factory=lambda: OldestId("postgres", 0))

    def change(self, database: str, **changes: object) -> None:
        """Change what a database holds."""
        self.databases[database] = replace(self.databases[database], **changes)  # type: ignore[arg-type]

    def install(self, database: str, modules: Iterable[str], *, knows: Iterable[str] = ()) -> None:
        """Fill a database as Odoo does that installs modules and knows others."""
        before = self.databases[database]
        states = {**dict.fromkeys(knows, "uninstalled"), **(before.modules or {})}
        states |= dict.fromkeys(modules, "installed")
        secret = before.secret or f"secret-{next(_numbers)}"
        self.change(database, modules=states, login=before.login or "admin", secret=secret)


class MemoryCluster:
    """Has the methods of `adapters.postgres.cluster.Cluster`."""

    def __init__(self, postgres: MemoryPostgres) -> None:
        self._postgres = postgres

    def ready(self) -> None:
        if not self._postgres.running():
            raise NotRunning("PostgreSQL could not answer: it is not running.")

    def system_identifier(self, *, seconds: float = SHORT) -> str:
        self.ready()
        if not self._postgres.prepared:
            raise NotFound("The cluster was not prepared.")
        return self._postgres.identifier

    def prepare(self) -> None:
        self.ready()
        self._postgres.prepared = True

    def reload(self) -> None:
        self.ready()

    @contextmanager
    def entrance(self, role: str, password: str) -> Iterator[None]:
        self.ready()
        yield

    def create_role(self, role: str, password: str, *, connection_limit: int) -> None:
        self.ready()
        self._postgres.roles[tenant_name(role)] = password

    def create_database(self, database: str, owner: str) -> None:
        self._make(database, Database(owner, tenant_name(owner)))

    def clone_database(
        self,
        template: str,
        database: str,
        owner: str,
        *,
        strategy: Strategy,
        cancelled: Callable[[], bool] = never,
    ) -> None:
        self.ready()
        source = self._get(template)
        if source.in_use:
            raise InUse("PostgreSQL could not copy the database: somebody is connected.")
        if cancelled():
            raise Cancelled("Stopped on request.")
        self._make(database, replace(source, owner=owner, sealed=False))

    def hand_over(
        self,
        database: str,
        *,
        from_role: str,
        to_role: str,
        password: str,
        cancelled: Callable[[], bool] = never,
    ) -> None:
        self.ready()
        self._enter(database, to_role, password)
        if cancelled():
            raise Cancelled("Stopped on request.")
        if self._get(database).objects_of == from_role:
            self._postgres.change(database, objects_of=to_role)

    def seal_template(self, database: str, role: str) -> None:
        self.ready()
        self._get(database)
        self._postgres.change(database, owner="", sealed=True)
        self._postgres.roles[role] = None

    def drop_database(self, database: str) -> None:
        self.ready()
        self._postgres.databases.pop(tenant_name(database), None)

    def drop_role(self, role: str) -> None:
        self.ready()
        if tenant_name(role) in self._postgres.databases:
            raise Conflict(f"Role {role} still has its database.", "Drop the database first.")
        self._postgres.roles.pop(role, None)

    def databases(self) -> set[str]:
        self.ready()
        return set(self._postgres.databases)

    def sealed(self) -> set[str]:
        self.ready()
        return {name for name, each in self._postgres.databases.items() if each.sealed}

    def roles(self) -> set[str]:
        self.ready()
        return set(self._postgres.roles)

    def database_size(self, database: str) -> int:
        self.ready()
        return self._get(database).size

    def end_excessive(self, limits: SessionLimits = LIMITS) -> tuple[EndedSession, ...]:
        self.ready()
        ended, self._postgres.excessive = self._postgres.excessive, ()
        return ended

    def keep_guard(self) -> None:
        self.ready()
        self._postgres.guarded = True

    def end_hoarder(self) -> int:
        return 40_000 if self._postgres.guarded else 0

    def oldest_id(self) -> OldestId:
        self.ready()
        return self._postgres.oldest

    def _make(self, database: str, made: Database) -> None:
        self.ready()
        found = self._postgres.databases.get(tenant_name(database))
        if found is not None and found.sealed:
            raise Conflict(f"Database {database} is a sealed template.", "Drop it first.")
        if found is None:
            self._postgres.databases[database] = made

    def _get(self, database: str) -> Database:
        found = self._postgres.databases.get(tenant_name(database))
        if found is None:
            raise NotFound(f"There is no database {database}.")
        return found

    def _enter(self, database: str, role: str, password: str) -> None:
        MemoryTenant(self._postgres, database, password, role=role).enter()


class MemoryTenant:
    """Has the methods of `adapters.postgres.tenant.Tenant`."""

    def __init__(
        self, postgres: MemoryPostgres, database: str, password: str, *, role: str = ""
    ) -> None:
        self._postgres = postgres
        self._database = database
        self._role = role or database
        self._password = password

    def prepare_empty(self) -> None:
        self.enter()
        self._postgres.change(self._database, extensions=True)

    def module_states(self, names: Iterable[str]) -> dict[str, str]:
        modules = self._odoo().modules or {}
        return {name: modules[name] for name in names if name in modules}

    def make_own(self, password_hash: str, parameters: Mapping[str, str]) -> str:
        found = self._odoo()
        if found.login is None:
            raise Conflict("The database has no Odoo administrator (base.user_admin).")
        self._postgres.change(
            self._database,
            admin_password=password_hash,
            secret=f"secret-{next(_numbers)}",
            parameters={**found.parameters, **parameters},
        )
        return found.login

    def enter(self) -> Database:
        """Open the database as its role."""
        if not self._postgres.running():
            raise NotRunning("PostgreSQL could not answer: it is not running.")
        known = self._postgres.roles.get(self._role)
        if known is None or known != self._password:
            raise WrongPassword("PostgreSQL could not let the role in: the password is wrong.")
        found = self._postgres.databases.get(self._database)
        if found is None or found.sealed:
            raise NotFound("The database does not exist.")
        return found

    def _odoo(self) -> Database:
        found = self.enter()
        if found.modules is None:
            raise Conflict("PostgreSQL could not look: the database holds no Odoo.")
        return found
