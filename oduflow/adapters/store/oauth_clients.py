"""Clients that registered themselves (RFC 7591): capped, counted by address, deleted unused."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, or_, select

from oduflow.adapters.store.oauth_addresses import has_room
from oduflow.adapters.store.oauth_tables import OAuthRows, clients
from oduflow.domain.errors import RateLimited
from oduflow.domain.oauth import OAuthClient

MAX_CLIENTS = 2000
MAX_PER_ADDRESS = 20
PER_ADDRESS_WITHIN = timedelta(hours=1)
UNUSED_LIFE = timedelta(days=1)
IDLE_LIFE = timedelta(days=90)


class OAuthClients(OAuthRows):
    """Rows of registered clients."""

    def register(self, client: OAuthClient) -> None:
        """Delete expired rows, then write a new one.

        Raises:
            RateLimited: the address registered too many, or there are too many in all.
        """
        moment = self._clock()
        with self._store.write() as connection:
            connection.execute(
                delete(clients).where(
                    or_(
                        clients.c.used_at.is_(None) & (clients.c.created_at < moment - UNUSED_LIFE),
                        clients.c.used_at < moment - IDLE_LIFE,
                    )
                )
            )
            _refuse_too_many(connection, client.address, moment)
            values = {column.name: getattr(client, column.name) for column in clients.columns}
            connection.execute(clients.insert(), values)

    def get(self, client: str) -> OAuthClient | None:
        """Return the client, or None when it is unknown or expired."""
        with self._store.read() as connection:
            row = connection.execute(select(clients).where(clients.c.id == client)).mappings()
            found = row.one_or_none()
        return None if found is None or self._expired(made := OAuthClient(**found)) else made

    def _expired(self, client: OAuthClient) -> bool:
        moment = self._clock()
        if client.used_at is None:
            return client.created_at < moment - UNUSED_LIFE
        return client.used_at < moment - IDLE_LIFE


def _refuse_too_many(connection: Connection, address: str, moment: datetime) -> None:
    total = select(func.count()).select_from(clients)
    recent = clients.c.created_at > moment - PER_ADDRESS_WITHIN
    if not has_room(connection, total.where(recent), clients.c.address, address, MAX_PER_ADDRESS):
        raise RateLimited(
            "Too many clients were registered from this address.",
            "Use the client id that was given, or register again in an hour.",
            retry_after=round(PER_ADDRESS_WITHIN.total_seconds()),
        )
    if (connection.scalar(total) or 0) >= MAX_CLIENTS:
        raise RateLimited(
            "Too many clients are registered.",
            "Unused ones are forgotten after a day; register again then.",
            retry_after=round(PER_ADDRESS_WITHIN.total_seconds()),
        )
