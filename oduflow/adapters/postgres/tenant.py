"""The environment's side: its own role in its own database, whose content is not trusted.

A malicious view, trigger or operator there runs as the environment's role, with no more rights than
the environment's Odoo has. Results are limited in length and never trusted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from uuid import uuid4

from oduflow.adapters.postgres import supervision
from oduflow.adapters.postgres.config import PORT
from oduflow.adapters.postgres.connection import Endpoint, Entrance, Session, never, open_tenant
from oduflow.adapters.postgres.neutralisation.anonymise import anonymise
from oduflow.adapters.postgres.neutralisation.apply import apply_rules
from oduflow.adapters.postgres.neutralisation.private import (
    prove_removed,
    remove_passkeys,
    remove_private,
)
from oduflow.adapters.postgres.neutralisation.proof import read_back
from oduflow.adapters.postgres.neutralisation.scripts import run_scripts
from oduflow.adapters.postgres.odoo_signals import signal_caches
from oduflow.adapters.postgres.reading.reader import Reader
from oduflow.domain.anonymisation import FieldRule
from oduflow.domain.clock import now
from oduflow.domain.errors import Conflict
from oduflow.domain.module_change import ModuleRecord
from oduflow.domain.neutralised import Reading, RuleApplied, SqlScript

REWRITE_SECONDS = 3600.0  # a table of millions of rows may be changed
COPY_SECONDS = 60.0  # a team may ask for forty copies at once
ANALYZE_SECONDS = 3600.0
RESET_SECONDS = 60.0  # the session of a killed process may hold the rows for a moment
READING_SECONDS = 240.0  # of a whole comparison

_CREATE_EXTENSIONS = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE EXTENSION IF NOT EXISTS unaccent",
)
_STATES = """
    SELECT pg_catalog.left(name::text, 128), pg_catalog.left(state::text, 32)
    FROM public.ir_module_module WHERE name = ANY (%s) LIMIT %s
"""
_INSTALLED = """
    SELECT pg_catalog.left(name::text, 128), pg_catalog.left(latest_version::text, 64)
    FROM public.ir_module_module WHERE state IN ('installed', 'to upgrade', 'to remove')
    ORDER BY name LIMIT 5000
"""
_RECORDS = """
    SELECT pg_catalog.left(name::text, 128), pg_catalog.left(state::text, 32),
           pg_catalog.left(latest_version::text, 64)
    FROM public.ir_module_module ORDER BY name LIMIT 10000
"""
_WITH_DEMO = """
    SELECT pg_catalog.left(name::text, 128) FROM public.ir_module_module
    WHERE demo ORDER BY name LIMIT 10000
"""
_LANGUAGES = """
    SELECT pg_catalog.left(code::text, 32) FROM public.res_lang
    WHERE active ORDER BY code LIMIT 500
"""
_DEPENDENTS = """
    WITH RECURSIVE found (name) AS (
        SELECT pg_catalog.unnest(%s::text[])
        UNION
        SELECT module.name::text
        FROM found
        JOIN public.ir_module_module_dependency AS dependency ON dependency.name::text = found.name
        JOIN public.ir_module_module AS module ON module.id = dependency.module_id
        WHERE module.state IN ('installed', 'to upgrade')
    )
    SELECT pg_catalog.left(name, 128) FROM found LIMIT 10000
"""
_RESET = (
    """
    UPDATE public.ir_module_module SET state = 'installed'
    WHERE state IN ('to upgrade', 'to remove') RETURNING pg_catalog.left(name::text, 128)
    """,
    """
    UPDATE public.ir_module_module SET state = 'uninstalled'
    WHERE state = 'to install' RETURNING pg_catalog.left(name::text, 128)
    """,
)
_NOT_PARTIAL = (
    "DELETE FROM public.ir_config_parameter WHERE key = 'base.partially_updated_database'"
)
_UPDATE_ADMIN = """
    UPDATE public.res_users AS account SET password = %s, active = true
    FROM public.ir_model_data AS data
    WHERE data.module = 'base' AND data.name = 'user_admin' AND data.model = 'res.users'
      AND account.id = data.res_id
    RETURNING pg_catalog.left(account.login::text, 256)
"""
_SET_PARAMETER = """
    INSERT INTO public.ir_config_parameter (key, value) VALUES (%s, %s)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""


class Tenant:
    """One environment's database, used as its own role, each call within a time limit.

    Args:
        socket_dir: folder of the host with the server's socket.
        database: the environment's.
        role: its owner.
        password: the owner's.
        entrance: prepares the role for signing in; see `Cluster.entrance`.
        port: part of the socket's name.
        seconds: how long one call may take.
    """

    def __init__(
        self,
        *,
        socket_dir: Path,
        database: str,
        role: str,
        password: str,
        entrance: Entrance,
        port: int = PORT,
        seconds: float = 10.0,
    ) -> None:
        self._endpoint = Endpoint(socket_dir, port)
        self._database = database
        self._role = role
        self._password = password
        self._entrance = entrance
        self._seconds = seconds

    def server_version(self) -> str:
        """Return the version of the server without its packager's suffix, such as `18.1`."""
        with self._open("tell the server's version") as session:
            return supervision.server_version(session)

    def prepare_empty(self) -> None:
        """Create the extensions that Odoo creates in a new database (`service/db.py`)."""
        with self._open("add extensions") as session:
            for statement in _CREATE_EXTENSIONS:
                session.run(statement)

    def module_states(self, names: Iterable[str]) -> dict[str, str]:
        """Return the states of modules in `ir_module_module`, without those unknown to Odoo.

        Raises:
            Conflict: this database has no Odoo tables.
        """
        wanted = sorted(set(names))
        with self._open("look up modules") as session:
            found = session.run(_STATES, wanted, len(wanted))
        return {str(name): str(state) for name, state in found if name in wanted}

    def installed_modules(self) -> dict[str, str]:
        """Return the versions of the installed modules, by name.

        Raises:
            Conflict: this database has no Odoo tables.
        """
        with self._open("look up modules") as session:
            found = session.run(_INSTALLED)
        return {str(name): str(version or "") for name, version in found}

    def module_records(self) -> dict[str, ModuleRecord]:
        """Return state and installed version of every module that the database knows.

        Raises:
            Conflict: this database has no Odoo tables.
        """
        with self._open("look up modules") as session:
            found = session.run(_RECORDS)
        return {str(name): ModuleRecord(str(state), str(ver or "")) for name, state, ver in found}

    def modules_with_demo(self) -> frozenset[str]:
        """Return the modules whose demo data were installed.

        Raises:
            Conflict: this database has no Odoo tables.
        """
        with self._open("look up modules") as session:
            return frozenset(str(name) for (name,) in session.run(_WITH_DEMO))

    def active_languages(self) -> frozenset[str]:
        """Return the languages that are active, such as `pt_BR`.

        Raises:
            Conflict: this database has no Odoo tables.
        """
        with self._open("look up languages") as session:
            return frozenset(str(code) for (code,) in session.run(_LANGUAGES))

    def signal_caches(self) -> bool:
        """Tell the serving Odoo to read its caches again; return whether it can be told."""
        with self._open("tell Odoo to read its caches again") as session, session.transaction():
            return bool(signal_caches(session))

    def installed_dependents(self, names: Iterable[str]) -> frozenset[str]:
        """Return the installed modules that depend on others, also over further modules.

        Raises:
            Conflict: this database has no Odoo tables.
        """
        wanted = sorted(set(names))
        with self._open("look up modules") as session:
            found = session.run(_DEPENDENTS, wanted)
        return frozenset(str(name) for (name,) in found) - set(wanted)

    def reset_module_states(self) -> tuple[str, ...]:
        """Take back what a killed installation was about to do; return the modules, by name.

        Odoo refuses further installations, or goes on with it at the next one, as long as a
        module is `to install`, `to upgrade` or `to remove` (`modules/loading.py`).

        Raises:
            Conflict: this database has no Odoo tables.
        """
        patience = max(self._seconds, RESET_SECONDS)
        with (
            self._open("reset the states of modules", patience) as session,
            session.transaction(),
        ):
            reset = [str(name) for statement in _RESET for (name,) in session.run(statement)]
            session.run(_NOT_PARTIAL)
        return tuple(sorted(reset))

    def analyze(self, cancelled: Callable[[], bool]) -> None:
        """Collect the statistics of a restored database, without which its first plans are bad.

        Raises:
            Cancelled: `cancelled` returned true.
        """
        with self._open("analyze the database", ANALYZE_SECONDS, cancelled) as session:
            session.run("ANALYZE")

    def make_own(self, password_hash: str, parameters: Mapping[str, str]) -> str:
        """Give a copy its own secrets, as Odoo's own “duplicate database” does, all or none.

        A shared `database.secret` would let one environment's administrator sign password-reset
        links and sessions of every other copy; a copied API key would open them all, and so
        would a passkey of the administrator (`base.user_admin`), whose sessions end with the stored
        hash, and who is activated.

        Args:
            password_hash: of the administrator, as `oduflow.domain.passwords.odoo_hash` makes it.
            parameters: Odoo's system parameters to set, too.

        Returns:
            The administrator's login: `admin`, unless the template has another one.

        Raises:
            Conflict: this database has no Odoo tables, or no administrator.
        """
        fresh = {
            "database.secret": str(uuid4()),
            "database.uuid": str(uuid4()),
            "database.create_date": f"{now():%Y-%m-%d %H:%M:%S}",
        }
        patience = max(self._seconds, COPY_SECONDS)
        with (
            self._open("renew the copy's secrets", patience) as session,
            session.transaction(),
        ):
            found = session.run(_UPDATE_ADMIN, password_hash)
            if not found:
                raise Conflict("The database has no Odoo administrator (base.user_admin).")
            for key, value in {**fresh, **parameters}.items():
                session.run(_SET_PARAMETER, key, value)
            session.run("DELETE FROM public.res_users_apikeys")
            remove_passkeys(session)
        return str(found[0][0])

    def forget_private(self, cancelled: Callable[[], bool] = never) -> None:
        """Remove from a copy what belongs to the environment alone, and prove that it is gone.

        Sessions and other ways in of users, and the mark that keeps its address from following.
        For its secrets see `make_own`.

        Raises:
            Cancelled: `cancelled` returned true.
            Conflict: this database has no Odoo tables.
            UpstreamFailed: code of the database's own prevents it.
        """
        with self._open("remove what is the environment's", REWRITE_SECONDS, cancelled) as session:
            remove_private(session)
        with self._open("read the database back", REWRITE_SECONDS, cancelled) as session:
            prove_removed(session)

    @contextmanager
    def reading(self, cancelled: Callable[[], bool] = never) -> Iterator[Reader]:
        """Open a session that reads the database for a comparison.

        Args:
            cancelled: asked twice a second whether to stop.

        Raises:
            Cancelled: `cancelled` returned true.
        """
        with self._open(
            "read the database", seconds=READING_SECONDS, cancelled=cancelled
        ) as session:
            yield Reader(session)

    def neutralise(
        self, parameters: Mapping[str, str], cancelled: Callable[[], bool] = never
    ) -> tuple[RuleApplied, ...]:
        """Apply the product's own rules of neutralisation, all or none.

        Args:
            parameters: Odoo's system parameters to set.
            cancelled: whether to stop.

        Raises:
            Conflict: this database has no Odoo tables.
            NotNeutralised: a table of a rule is a view.
        """
        with self._open("neutralise the database", REWRITE_SECONDS, cancelled) as session:
            return apply_rules(session, parameters)

    def read_back(
        self, parameters: Mapping[str, str], cancelled: Callable[[], bool] = never
    ) -> Reading:
        """Return which rules of neutralisation hold, in a session of its own."""
        with self._open("read the database back", REWRITE_SECONDS, cancelled) as session:
            return read_back(session, parameters)

    def run_scripts(
        self, scripts: Sequence[SqlScript], cancelled: Callable[[], bool] = never
    ) -> None:
        """Run the team's SQL scripts, all or none.

        Raises:
            NotNeutralised: names the script and the line that failed.
        """
        with self._open("run the team's scripts", REWRITE_SECONDS, cancelled) as session:
            run_scripts(session, scripts)

    def anonymise(
        self, rules: Sequence[FieldRule], key: str, cancelled: Callable[[], bool] = never
    ) -> tuple[RuleApplied, ...]:
        """Replace values by invented ones, all or none, and prove it.

        Args:
            rules: which fields.
            key: of the hash that replacements derive from; a secret.
            cancelled: whether to stop.

        Raises:
            NotNeutralised: an unknown field, a refused value, or a value that is still there.
        """
        with self._open("anonymise the database", REWRITE_SECONDS, cancelled) as session:
            return anonymise(session, rules, key)

    def _open(
        self,
        action: str,
        seconds: float | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> AbstractContextManager[Session]:
        return open_tenant(
            self._endpoint,
            self._database,
            self._role,
            self._password,
            action,
            entrance=self._entrance,
            seconds=seconds or self._seconds,
            cancelled=cancelled,
        )
