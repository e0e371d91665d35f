"""The GitHub id of each login: a login may be given to another person, an id never is."""

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert

from oduflow.adapters.store.oauth_tables import OAuthRows, codes, logins, tokens
from oduflow.domain.oauth import Login


class OAuthLogins(OAuthRows):
    """Rows of logins that have signed in."""

    def bind(self, login: Login) -> bool:
        """Bind a login to its id at the first sign-in; return whether it is bound to that id."""
        name = login.name.lower()
        first = insert(logins).values(login=name, login_id=login.id, bound_at=self._clock())
        with self._store.write() as connection:
            connection.execute(first.on_conflict_do_nothing())
            bound = connection.scalar(select(logins.c.login_id).where(logins.c.login == name))
        return bound == login.id

    def is_bound(self, login: Login) -> bool:
        """Whether the login is bound to that id."""
        mine = select(logins.c.login_id).where(logins.c.login == login.name.lower())
        with self._store.read() as connection:
            return connection.scalar(mine) == login.id

    def forget(self, name: str) -> bool:
        """Unbind a login, delete its codes and tokens, and return whether it was bound."""
        lower = name.lower()
        with self._store.write() as connection:
            for table in (codes, tokens):
                connection.execute(delete(table).where(func.lower(table.c.login) == lower))
            gone = connection.execute(delete(logins).where(logins.c.login == lower))
            return gone.rowcount == 1
