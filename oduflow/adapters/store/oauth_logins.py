"""Whose login is whose: a name on GitHub may change hands, its number does not."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.oauth_tables import codes, logins, tokens
from oduflow.domain.clock import now
from oduflow.domain.oauth import Login


class OAuthLogins:
    """Rows of logins that have signed in.

    Args:
        store: where the table lives.
        clock: tells the time.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._clock = clock

    def bind(self, login: Login) -> bool:
        """Bind a login to its number at the first sign-in; whether it is bound to that one."""
        name = login.name.lower()
        first = insert(logins).values(login=name, login_id=login.id, bound_at=self._clock())
        with self._store.write() as connection:
            connection.execute(first.on_conflict_do_nothing())
            bound = connection.scalar(select(logins.c.login_id).where(logins.c.login == name))
        return bound == login.id

    def is_bound(self, login: Login) -> bool:
        """Whether the login is bound to that number."""
        mine = select(logins.c.login_id).where(logins.c.login == login.name.lower())
        with self._store.read() as connection:
            return connection.scalar(mine) == login.id

    def forget(self, name: str) -> bool:
        """Unbind a login and kill what it was given; whether it was bound."""
        lower = name.lower()
        with self._store.write() as connection:
            for table in (codes, tokens):
                connection.execute(delete(table).where(func.lower(table.c.login) == lower))
            gone = connection.execute(delete(logins).where(logins.c.login == lower))
            return gone.rowcount == 1
