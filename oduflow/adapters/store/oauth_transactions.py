"""Sign-ins on their way from `/authorize` to a code."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.oauth_addresses import has_room
from oduflow.adapters.store.oauth_tables import transactions as table
from oduflow.domain.clock import now
from oduflow.domain.errors import RateLimited
from oduflow.domain.oauth import TRANSACTION_LIFE, Login, Stage, Transaction

MAX_TRANSACTIONS = 5000
MAX_PER_ADDRESS = 500  # an office shares an address


class OAuthTransactions:
    """Rows of sign-ins; none lives longer than ten minutes.

    Args:
        store: where the table lives.
        clock: tells the time.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._clock = clock

    def add(self, transaction: Transaction) -> None:
        """Write a new row; what expired goes first.

        Raises:
            RateLimited: too many have begun and not ended.
        """
        count = select(func.count()).select_from(table)
        with self._store.write() as connection:
            connection.execute(delete(table).where(table.c.expires_at <= self._clock()))
            column, address = table.c.address, transaction.address
            fits = has_room(connection, count, column, address, MAX_PER_ADDRESS)
            if not fits or (connection.scalar(count) or 0) >= MAX_TRANSACTIONS:
                raise RateLimited(
                    "Too many sign-ins have begun and not ended.",
                    "Sign in again in a few minutes.",
                    retry_after=round(TRANSACTION_LIFE.total_seconds()),
                )
            connection.execute(table.insert(), _values(transaction))

    def get(self, transaction: str, browser: str) -> Transaction | None:
        """Return the sign-in if it lives and belongs to that browser."""
        return self._find(table.c.id == transaction, table.c.browser == browser)

    def by_state(self, state: str, browser: str) -> Transaction | None:
        """Return the sign-in that gave GitHub that state, if it lives and is that browser's."""
        return self._find(table.c.state == state, table.c.browser == browser)

    def advance(self, seen: Transaction, changed: Transaction) -> bool:
        """Write the next step of a sign-in.

        Returns:
            Whether it was still as it was seen: two requests never take the same step.
        """
        with self._store.write() as connection:
            done = connection.execute(
                update(table).where(*self._as_seen(seen)).values(**_values(changed))
            )
            return done.rowcount == 1

    def take(self, seen: Transaction) -> bool:
        """End a sign-in; whether it was still as it was seen."""
        with self._store.write() as connection:
            return connection.execute(delete(table).where(*self._as_seen(seen))).rowcount == 1

    def _as_seen(self, seen: Transaction) -> tuple[ColumnElement[bool], ...]:
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
