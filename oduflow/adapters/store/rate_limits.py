"""Counters of wrong credentials in the store, the same for every face and every process.

A reservation is one IMMEDIATE transaction: the counters cannot change between reading and writing,
so that of any number of simultaneous guesses only as many pass as the limit allows. The next
reservation deletes empty counters and old sign-ins, so the tables hold the failures of the last
quarter of an hour, the wrong credentials of the last hour and the sign-ins of the last day.

A wrong credential may be a password with a typing error, so only a keyed digest of it is stored;
the key is in a file beside the store.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable
from functools import cached_property

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.tables import attempts, sign_ins
from oduflow.domain.rate_limits import REMEMBERED_SECONDS, Claim, Counter, Reservation, decide

_LEVELS = "SELECT key, clear_at FROM attempts WHERE key IN (SELECT value FROM json_each(?))"


def milliseconds() -> int:
    """Return the time, in whole milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class RateLimits:
    """How many wrong credentials came from where, and who is known from where.

    Args:
        store: where they are kept.
        key: returns the key of the digests, the same in every process.
        clock: the time, in milliseconds since 1970.
    """

    def __init__(
        self, store: Store, key: Callable[[], str], clock: Callable[[], int] = milliseconds
    ) -> None:
        self._store = store
        self._make_key = key
        self._clock = clock

    def digest(self, presented: str) -> str:
        """Return a keyed digest of a presented credential."""
        text = presented.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256).hex()

    def look(self, claim: Claim) -> Reservation:
        """Return the result that `reserve` would have now, without reserving."""
        with self._store.read() as connection:
            return _judged(connection, claim, _levels(connection, claim.counters), self._clock())

    def reserve(self, claim: Claim) -> Reservation:
        """Add one failure to the claim's counters, before anything is compared."""
        now = self._clock()
        with self._store.write(lasting=False) as connection:
            connection.execute(attempts.delete().where(attempts.c.clear_at <= now))
            levels = _levels(connection, claim.counters)
            reservation = _judged(connection, claim, levels, now)
            if reservation.taken:
                _add(connection, reservation.taken, levels, now)
        return reservation

    def give_back(self, reservation: Reservation) -> None:
        """Remove the reserved failures again, because the credential was right."""
        with self._store.write(lasting=False) as connection:
            _subtract(connection, reservation)

    def succeed(self, reservation: Reservation, source: str, team: str) -> None:
        """Remove the reserved failures again, and store the sign-in."""
        now = self._clock()
        row = insert(sign_ins).values(source=source, team=team, at=now)
        row = row.on_conflict_do_update(index_elements=["source", "team"], set_={"at": now})
        old = sign_ins.delete().where(sign_ins.c.at <= now - REMEMBERED_SECONDS * 1000)
        with self._store.write(lasting=False) as connection:
            _subtract(connection, reservation)
            connection.execute(old)
            connection.execute(row)

    @cached_property
    def _key(self) -> bytes:
        return self._make_key().encode()


def _levels(connection: Connection, counters: Iterable[Counter]) -> dict[str, int]:
    """Read when each counter is clear; this runs with every request that shows a credential."""
    keys = json.dumps([counter.key for counter in counters])
    # As text for the driver: SQLAlchemy's own expression would take three times as long.
    rows = connection.exec_driver_sql(_LEVELS, (keys,))
    return {row.key: row.clear_at for row in rows}


def _judged(connection: Connection, claim: Claim, levels: dict[str, int], now: int) -> Reservation:
    return decide(claim, levels, now, lambda: _known_to(connection, claim, now))


def _add(
    connection: Connection, counters: Iterable[Counter], levels: dict[str, int], now: int
) -> None:
    rows = [
        {"key": counter.key, "clear_at": counter.after(levels.get(counter.key, now), now)}
        for counter in counters
    ]
    new = insert(attempts)
    changed = {"clear_at": new.excluded.clear_at}
    connection.execute(new.on_conflict_do_update(index_elements=["key"], set_=changed), rows)


def _known_to(connection: Connection, claim: Claim, now: int) -> frozenset[str]:
    """Return those of the claim's teams that the source signed in to within the last day."""
    query = select(sign_ins.c.team).where(
        sign_ins.c.source == claim.source,
        sign_ins.c.team.in_(claim.teams),
        sign_ins.c.at > now - REMEMBERED_SECONDS * 1000,
    )
    return frozenset(connection.scalars(query))


def _subtract(connection: Connection, reservation: Reservation) -> None:
    for counter in reservation.taken:
        connection.execute(
            attempts.update()
            .where(attempts.c.key == counter.key)
            .values(clear_at=attempts.c.clear_at - counter.limit.cost)
        )
