"""Codes and tokens: each is used once, and two users of one are both noticed.

Every step that spends something is one IMMEDIATE transaction: it reads, compares the client,
and only then spends.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.oauth_tables import clients, codes, tokens
from oduflow.domain.clock import now
from oduflow.domain.oauth import (
    ACCESS_LIFE,
    REFRESH_GRACE,
    REFRESH_LIFE,
    REMEMBERED,
    Code,
    Login,
    Token,
    TokenBinding,
    TokenKind,
    TokenPair,
)


class OAuthTokens:
    """Rows of codes and tokens.

    Args:
        store: where the tables live.
        clock: tells the time.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._clock = clock

    def add_code(self, code: Code) -> None:
        """Write a new code; what expired goes first."""
        values = {
            "hash": code.hash,
            **_columns(code.binding),
            "redirect_uri": code.redirect_uri,
            "challenge": code.challenge,
            "expires_at": code.expires_at,
        }
        with self._store.write() as connection:
            _prune(connection, self._clock())
            connection.execute(codes.insert(), values)

    def code(self, hash_: str) -> Code | None:
        """Return a code, also one that was redeemed or has expired, or None."""
        with self._store.read() as connection:
            row = _row(connection, codes, hash_)
        return None if row is None else _code(row)

    def redeem(self, hash_: str, client: str, pair: TokenPair) -> bool:
        """Give a pair of tokens for a code, once.

        A second use of a code that was redeemed kills what it gave (OAuth 2.1, 4.1.3); another
        client's use changes nothing.

        Returns:
            Whether the pair is good.
        """
        moment = self._clock()
        with self._store.write() as connection:
            row = _row(connection, codes, hash_)
            if row is None or row["client_id"] != client:
                return False
            code = _code(row)
            if code.redeemed_at is not None:
                _end(connection, code.binding.family)
                return False
            if code.expires_at <= moment:
                return False
            spent = update(codes).where(codes.c.hash == hash_).values(redeemed_at=moment)
            connection.execute(spent)
            _give(connection, code.binding, pair, moment)
        return True

    def find(self, hash_: str, kind: TokenKind) -> Token | None:
        """Return a token of that kind that has not expired, or None."""
        with self._store.read() as connection:
            row = _row(connection, tokens, hash_)
        found = None if row is None else _token(row)
        return found if found and found.kind is kind and found.expires_at > self._clock() else None

    def has_expired(self, hash_: str) -> bool:
        """Whether it is a token that was good until not long ago, and so is nobody's guess."""
        with self._store.read() as connection:
            row = _row(connection, tokens, hash_)
        return row is not None and _token(row).expires_at <= self._clock()

    def rotate(self, hash_: str, client: str, pair: TokenPair) -> bool:
        """Give a pair of tokens for a refresh token.

        Its first use spends it. For a minute more it gives siblings, for real clients refresh in
        parallel; a use after that is a thief's or its victim's, and the family dies (RFC 9700,
        4.14.2). Another client's use changes nothing.

        Returns:
            Whether the pair is good.
        """
        moment = self._clock()
        with self._store.write() as connection:
            row = _row(connection, tokens, hash_)
            if row is None or row["client_id"] != client:
                return False
            token = _token(row)
            if token.kind is not TokenKind.REFRESH or token.expires_at <= moment:
                return False
            if token.rotated_at is None:
                spent = update(tokens).where(tokens.c.hash == hash_).values(rotated_at=moment)
                connection.execute(spent)
            elif moment - token.rotated_at >= REFRESH_GRACE:
                _end(connection, token.binding.family)
                return False
            _prune(connection, moment)
            _give(connection, token.binding, pair, moment)
        return True

    def end_family(self, family: str) -> None:
        """Kill every token of one sign-in."""
        with self._store.write() as connection:
            _end(connection, family)

    def forget_others(self, teams: Collection[str]) -> None:
        """Forget the codes and tokens of all teams but these."""
        with self._store.write() as connection:
            for table in (codes, tokens):
                connection.execute(delete(table).where(table.c.team.not_in(sorted(teams))))


def _give(connection: Connection, binding: TokenBinding, pair: TokenPair, moment: datetime) -> None:
    new = (
        (pair.access, TokenKind.ACCESS, moment + ACCESS_LIFE),
        (pair.refresh, TokenKind.REFRESH, moment + REFRESH_LIFE),
    )
    rows = [
        {"hash": hash_, "kind": kind, **_columns(binding), "expires_at": until}
        for hash_, kind, until in new
    ]
    connection.execute(tokens.insert(), rows)
    used = update(clients).where(clients.c.id == binding.client_id).values(used_at=moment)
    connection.execute(used)


def _end(connection: Connection, family: str) -> None:
    connection.execute(delete(tokens).where(tokens.c.family == family))


def _prune(connection: Connection, moment: datetime) -> None:
    """Forget what expired; a redeemed code stays while there is something its replay would kill.

    A token that expired is remembered for a while: its client asks with it once more, and that is
    no guess.
    """
    connection.execute(delete(tokens).where(tokens.c.expires_at <= moment - REMEMBERED))
    alive = select(tokens.c.family)
    connection.execute(
        delete(codes).where(codes.c.expires_at <= moment, codes.c.family.not_in(alive))
    )


def _row(connection: Connection, table: Table, hash_: str) -> dict[str, Any] | None:
    found = connection.execute(select(table).where(table.c.hash == hash_)).mappings().one_or_none()
    return None if found is None else dict(found)


def _columns(binding: TokenBinding) -> dict[str, str]:
    return {
        "family": binding.family,
        "client_id": binding.client_id,
        "team": binding.team,
        "login": binding.login.name,
        "login_id": binding.login.id,
        "scope": binding.scope,
        "resource": binding.resource,
        "environment": binding.environment,
    }


def _binding(row: Mapping[str, Any]) -> TokenBinding:
    return TokenBinding(
        family=row["family"],
        client_id=row["client_id"],
        team=row["team"],
        login=Login(row["login"], row["login_id"]),
        scope=row["scope"],
        resource=row["resource"],
        environment=row["environment"],
    )


def _code(row: Mapping[str, Any]) -> Code:
    return Code(
        hash=row["hash"],
        binding=_binding(row),
        redirect_uri=row["redirect_uri"],
        challenge=row["challenge"],
        expires_at=row["expires_at"],
        redeemed_at=row["redeemed_at"],
    )


def _token(row: Mapping[str, Any]) -> Token:
    return Token(
        hash=row["hash"],
        kind=row["kind"],
        binding=_binding(row),
        expires_at=row["expires_at"],
        rotated_at=row["rotated_at"],
    )
