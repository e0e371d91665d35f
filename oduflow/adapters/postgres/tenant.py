"""The environment's side: its own role in its own database, whose content is not trusted.

A malicious view, trigger or operator there runs as the environment's role, with no more rights than
the environment's Odoo has. Results are limited in length and never trusted.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import uuid4

from oduflow.adapters.postgres.config import PORT
from oduflow.adapters.postgres.connection import Endpoint, Entrance, Session, open_tenant
from oduflow.domain.clock import now
from oduflow.domain.errors import Conflict

COPY_SECONDS = 60.0  # a team may ask for forty copies at once

_CREATE_EXTENSIONS = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE EXTENSION IF NOT EXISTS unaccent",
)
_STATES = """
    SELECT pg_catalog.left(name::text, 128), pg_catalog.left(state::text, 32)
    FROM public.ir_module_module WHERE name = ANY (%s) LIMIT %s
"""
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

    def make_own(self, password_hash: str, parameters: Mapping[str, str]) -> str:
        """Give a copy its own secrets, as Odoo's own “duplicate database” does, all or none.

        A shared `database.secret` would let one environment's administrator sign password-reset
        links and sessions of every other copy; a copied API key would open them all. The sessions
        of the administrator (`base.user_admin`), who is activated, end with the stored hash.

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
            self._open("renew the copy's secrets", seconds=patience) as session,
            session.transaction(),
        ):
            found = session.run(_UPDATE_ADMIN, password_hash)
            if not found:
                raise Conflict("The database has no Odoo administrator (base.user_admin).")
            for key, value in {**fresh, **parameters}.items():
                session.run(_SET_PARAMETER, key, value)
            session.run("DELETE FROM public.res_users_apikeys")
        return str(found[0][0])

    def _open(
        self, action: str, *, seconds: float | None = None
    ) -> AbstractContextManager[Session]:
        return open_tenant(
            self._endpoint,
            self._database,
            self._role,
            self._password,
            action,
            entrance=self._entrance,
            seconds=seconds or self._seconds,
        )
