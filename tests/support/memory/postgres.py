"""A PostgreSQL cluster in memory, and the tenants' side of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count

from oduflow.adapters.postgres.connection import SHORT, never
from oduflow.adapters.postgres.databases import Strategy
from oduflow.adapters.postgres.errors import InUse, NotRunning, WrongPassword
from oduflow.adapters.postgres.names import reader_of, tenant_name
from oduflow.adapters.postgres.supervision import LIMITS, EndedSession, OldestId, SessionLimits
from oduflow.domain.anonymisation import FieldRule
from oduflow.domain.errors import Cancelled, Conflict, NotFound
from oduflow.domain.module_change import INSTALLED, ModuleRecord
from oduflow.domain.neutralised import Reading, Remaining, RuleApplied, SqlScript
from tests.support.memory.module_facts import ModuleFacts
from tests.support.memory.reading import MemoryReader

EMPTY_BYTES = 8 << 20
VERSION = "19.0.1.0"  # of every module
PARTIAL = "base.partially_updated_database"

_numbers = count(1)


@dataclass(frozen=True)
class Database:
    """One database.

    Attributes:
        objects_of: the role that owns what is in it.
        modules: their states; None where there is no Odoo.
        login: of Odoo's administrator; None where there is none.
        secret: parts copies; sessions are signed with it.
        remaining: what neutralising does not change.
        scripts: the team's that ran, by name.
        busy: how many sessions are in a transaction.
        private: what belongs to one environment alone, such as sessions.
        versions: of installed modules that have another one than VERSION.
        depends: what modules need.
        closed: whether it admits no session until `admit`.
        signals: how often Odoo was told to read its caches again.
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
    remaining: tuple[Remaining, ...] = ()
    scripts: tuple[str, ...] = ()
    busy: int = 0
    private: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    closed: bool = False
    signals: int = 0


@dataclass
class MemoryPostgres:
    """One cluster.

    Attributes:
        running: tells whether the server runs.
        roles: the password of each; None may not sign in.
        readers: the roles that may read the objects of another one.
        reading: the passwords of the roles that only read, by name.
        statements: those of callers that wrote.
        guarded: whether a session is kept that can end others.
        excessive: the sessions that are ended next.
        oldest: the oldest transaction id.
        crashes: how often it crashed.
    """

    running: Callable[[], bool] = lambda: True
    identifier: str = "7000000000000000001"
    prepared: bool = False
    databases: dict[str, Database] = field(default_factory=dict)
    roles: dict[str, str | None] = field(default_factory=dict)
    readers: dict[str, str] = field(default_factory=dict)
    reading: dict[str, str] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    excessive: tuple[EndedSession, ...] = ()
    guarded: bool = False
    oldest: OldestId = field(default_factory=lambda: OldestId("postgres", 0))
    crashes: int = 0

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

    def server_version(self) -> str:
        self.ready()
        return "18.1"

    def system_identifier(self, *, seconds: float = SHORT) -> str:
        self.ready()
        if not self._postgres.prepared:
            raise NotFound("The cluster was not prepared.")
        return self._postgres.identifier

    def last_crash(self) -> str:
        self.ready()
        return str(self._postgres.crashes)

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
            raise InUse("PostgreSQL could not copy the database: a client is connected.")
        if cancelled():
            raise Cancelled("Stopped on request.")
        self._make(database, replace(source, owner=owner, sealed=False, closed=False))

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

    def let_read(self, reader: str, objects_of: str) -> None:
        self.ready()
        self._postgres.readers[tenant_name(reader)] = tenant_name(objects_of)

    def seal_template(self, database: str, role: str) -> None:
        self.ready()
        self._get(database)
        self._postgres.change(database, owner="", sealed=True)
        self._postgres.roles[role] = None

    def take_back_settings(
        self, database: str, role: str, password: str, *, connection_limit: int
    ) -> None:
        self._get(database)
        self.create_role(role, password, connection_limit=connection_limit)

    def drop_database(self, database: str) -> None:
        self.ready()
        self._postgres.databases.pop(tenant_name(database), None)

    def busy_sessions(self, database: str) -> int:
        self.ready()
        return self._get(database).busy

    def flush(self, cancelled: Callable[[], bool] = never) -> None:
        self.ready()

    def take_snapshot(
        self,
        database: str,
        snapshot: str,
        *,
        strategy: Strategy,
        cancelled: Callable[[], bool] = never,
    ) -> None:
        self.ready()
        if cancelled():
            raise Cancelled("Stopped on request.")
        if self._get(database).closed:
            raise Conflict("Not every part is proven.", "Roll it back again.")
        self._postgres.databases[tenant_name(snapshot)] = replace(
            self._get(database), owner="", sealed=True, closed=False
        )

    def adopt_snapshot(self, snapshot: str, database: str) -> None:
        self.ready()
        everything = self._postgres.databases
        if tenant_name(database) not in everything:
            self._get(snapshot)
            everything[database] = replace(everything.pop(snapshot), owner=database, sealed=False)

    def prepare_rollback(
        self,
        snapshot: str,
        new: str,
        owner: str,
        *,
        strategy: Strategy,
        cancelled: Callable[[], bool] = never,
    ) -> None:
        self.ready()
        if cancelled():
            raise Cancelled("Stopped on request.")
        made = replace(self._get(snapshot), owner=tenant_name(owner), sealed=True)
        self._postgres.databases.setdefault(tenant_name(new), made)

    def exchange_database(self, database: str, new: str, old: str) -> None:
        self.ready()
        everything = self._postgres.databases
        self._get(new)
        kept = replace(everything.pop(database), owner="", sealed=True, closed=False)
        everything[tenant_name(old)] = kept
        everything[database] = replace(everything.pop(new), sealed=False, closed=True)

    def is_copy(self, database: str, snapshot: str) -> bool:
        self.ready()
        source = self._postgres.databases.get(snapshot)
        found = self._postgres.databases.get(database)
        if found is not None and not (found.closed or found.sealed):
            return True
        copy = replace(source, owner=database, sealed=False, closed=True) if source else None
        return copy is not None and found == copy

    def admit(self, database: str) -> None:
        self.ready()
        self._postgres.change(database, closed=False)

    def has_database(self, database: str) -> bool:
        self.ready()
        return tenant_name(database) in self._postgres.databases

    def drop_role(self, role: str) -> None:
        self.ready()
        if tenant_name(role) in self._postgres.databases:
            raise Conflict(f"Role {role} still has its database.", "Drop the database first.")
        self._postgres.roles.pop(role, None)
        self._postgres.readers.pop(role, None)
        self._postgres.reading.pop(reader_of(role), None)

    def drop_tenant(self, name: str) -> None:
        self.drop_database(name)
        self.drop_role(name)

    def databases(self) -> set[str]:
        self.ready()
        return set(self._postgres.databases)

    def drop_interrupted(self) -> tuple[str, ...]:
        self.ready()
        return ()

    def remove_orphans(
        self, folders: AbstractSet[str], remove: Callable[[str], None]
    ) -> tuple[str, ...]:
        self.ready()
        left = tuple(sorted(folders - set(self.folders().values())))
        for name in left:
            remove(name)
        return left

    def folders(self) -> dict[str, str]:
        self.ready()
        names = sorted(self._postgres.databases)
        return {name: str(number) for number, name in enumerate(names, 16384)}

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


class MemoryTenant(ModuleFacts):
    """Has the methods of `adapters.postgres.tenant.Tenant`."""

    def __init__(
        self, postgres: MemoryPostgres, database: str, password: str, *, role: str = ""
    ) -> None:
        self._postgres = postgres
        self._database = database
        self._role = role or database
        self._password = password

    def server_version(self) -> str:
        self.enter()
        return "18.1"

    def prepare_empty(self) -> None:
        self.enter()
        self._postgres.change(self._database, extensions=True)

    def module_states(self, names: Iterable[str]) -> dict[str, str]:
        modules = self._odoo().modules or {}
        return {name: modules[name] for name in names if name in modules}

    def installed_modules(self) -> dict[str, str]:
        states = self._odoo().modules or {}
        return {name: VERSION for name, state in sorted(states.items()) if state == "installed"}

    def module_records(self) -> dict[str, ModuleRecord]:
        found = self._odoo()
        return {
            name: ModuleRecord(
                state, found.versions.get(name, VERSION) if state in INSTALLED else ""
            )
            for name, state in sorted((found.modules or {}).items())
        }

    def reset_module_states(self) -> tuple[str, ...]:
        found = self._odoo()
        reset = {"to install": "uninstalled", "to upgrade": "installed", "to remove": "installed"}
        states = found.modules or {}
        left = tuple(sorted(name for name, state in states.items() if state in reset))
        parameters = {key: value for key, value in found.parameters.items() if key != PARTIAL}
        self._postgres.change(
            self._database,
            modules={name: reset.get(state, state) for name, state in states.items()},
            parameters=parameters,
        )
        return left

    def analyze(self, cancelled: Callable[[], bool]) -> None:
        self.enter()

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

    def forget_private(self, cancelled: Callable[[], bool] = never) -> None:
        self._odoo()
        if cancelled():
            raise Cancelled("Stopped on request.")
        self._postgres.change(self._database, private=())

    @contextmanager
    def reading(self, cancelled: Callable[[], bool] = never) -> Iterator[MemoryReader]:
        database = self.enter()
        if cancelled():
            raise Cancelled("Stopped on request.")
        may_read = {self._role, self._postgres.readers.get(self._role)}
        yield MemoryReader(database.modules, may_read=database.objects_of in may_read)

    def neutralise(
        self, parameters: Mapping[str, str], cancelled: Callable[[], bool] = never
    ) -> tuple[RuleApplied, ...]:
        found = self._odoo()
        if cancelled():
            raise Cancelled("Stopped on request.")
        self._postgres.change(self._database, parameters={**found.parameters, **parameters})
        return (RuleApplied(rule="system parameters", rows=len(parameters)),)

    def read_back(
        self, parameters: Mapping[str, str], cancelled: Callable[[], bool] = never
    ) -> Reading:
        found = self._odoo()
        if cancelled():
            raise Cancelled("Stopped on request.")
        name = "system parameters"
        wrong = tuple(
            key for key, value in parameters.items() if found.parameters.get(key) != value
        )
        if wrong:
            missing = (Remaining(name, "ir_config_parameter", wrong),)
            return Reading((), (*missing, *found.remaining))
        return Reading((name,), found.remaining)

    def run_scripts(
        self, scripts: Sequence[SqlScript], cancelled: Callable[[], bool] = never
    ) -> None:
        found = self._odoo()
        names = tuple(script.name for script in scripts)
        self._postgres.change(self._database, scripts=(*found.scripts, *names))

    def anonymise(
        self, rules: Sequence[FieldRule], key: str, cancelled: Callable[[], bool] = never
    ) -> tuple[RuleApplied, ...]:
        self._odoo()
        return tuple(RuleApplied(rule=str(rule), rows=1) for rule in rules)

    def enter(self) -> Database:
        """Open the database as its role."""
        if not self._postgres.running():
            raise NotRunning("PostgreSQL could not answer: it is not running.")
        known = self._postgres.roles.get(self._role)
        if known is None or known != self._password:
            raise WrongPassword("PostgreSQL could not let the role in: the password is wrong.")
        found = self._postgres.databases.get(self._database)
        if found is None or found.sealed or found.closed:
            raise NotFound("The database does not exist.")
        return found

    def _odoo(self) -> Database:
        found = self.enter()
        if found.modules is None:
            raise Conflict("PostgreSQL could not look: the database holds no Odoo.")
        return found
