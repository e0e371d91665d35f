"""Sign-ins between `/authorize` and the code."""

from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update

from oduflow.adapters.store.oauth_addresses import has_room
from oduflow.adapters.store.oauth_tables import OAuthRows
from oduflow.adapters.store.oauth_tables import transactions as table
from oduflow.domain.errors import RateLimited
from oduflow.domain.oauth import TRANSACTION_LIFE, Login, Stage, Transaction

MAX_TRANSACTIONS = 5000
MAX_PER_ADDRESS = 500  # an office shares an address


class OAuthTransactions(OAuthRows):
    """Rows of sign-ins; none lives longer than ten minutes."""

    def add(self, transaction: Transaction) -> None:
        """Delete expired rows, then write a new one.

        Raises:
            RateLimited: too many sign-ins have begun and not ended.
        """
        count = select(func.count()).select_from(table)
        with self._store.write(lasting=False) as connection:
            connection.execute(delete(table).where(table.c.expires_at <= self._clock()))
            column, address = table.c.address, transaction.address
            fits = has_room(connection, count, column, address, MAX_PER_ADDRESS)
            if not fits or (connection.scalar(count) or 0) >= MAX_TRANSACTIONS:
                raise RateLimited(
                    "Too many sign-ins are unfinished.",
                    "Sign in again in a few minutes.",
                    retry_after=round(TRANSACTION_LIFE.total_seconds()),
                )
            connection.execute(table.insert(), _values(transaction))

    def get(self, transaction: str, browser: str) -> Transaction | None:
        """Return the sign-in, None when it expired or belongs to another browser."""
        return self._find(table.c.id == transaction, table.c.browser == browser)

    def by_state(self, state: str, browser: str) -> Transaction | None:
        """Return the sign-in with that GitHub state, None when expired or another browser's."""
        return self._find(table.c.state == state, table.c.browser == browser)

    def advance(self, seen: Transaction, changed: Transaction) -> bool:
        """Write the next step of a sign-in.

        Returns:
            Whether the row was still as it was read; of two requests only one takes a step.
        """
        with self._store.write(lasting=False) as connection:
            done = connection.execute(
                update(table).where(*self._as_read(seen)).values(**_values(changed))
            )
            return done.rowcount == 1

    def take(self, seen: Transaction) -> bool:
        """Delete a sign-in, and return whether the row was still as it was read."""
        with self._store.write(lasting=False) as connection:
            return connection.execute(delete(table).where(*self._as_read(seen))).rowcount == 1

    def _as_read(self, seen: Transaction) -> tuple[ColumnElement[bool], ...]:
        return (
            table.c.id == seen.id,
            table.c.stage == seen.stage,
            table.c.state == seen.state,
            table.c.csrf == seen.csrf,
            table.c.expires_at > self._clock(),
        )

    def _find(self, *conditions: ColumnElement[bool]) -> Transaction | None:
        query = select(table).where(*conditions, table.c.expires_at > self._clock())
        with self._store.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _transaction(dict(row))


def _values(transaction: Transaction) -> dict[str, Any]:
    plain = {
        column.name: getattr(transaction, column.name)
        for column in table.columns
        if column.name not in {"login", "login_id"}
    }
    login = transaction.login
    return {
        **plain,
        "request": dict(transaction.request),
        "login": login.name if login else None,
        "login_id": login.id if login else None,
    }


def _transaction(row: dict[str, Any]) -> Transaction:
    name, number = row.pop("login"), row.pop("login_id")
    login = None if name is None else Login(name, number)
    return Transaction(**row | {"stage": Stage(row["stage"]), "login": login})
