"""Codes and tokens: each is used once, and a second use is noticed.

Every use is one IMMEDIATE transaction, which reads the row, compares the client, and only then
marks the row as used.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from oduflow.adapters.store.oauth_tables import OAuthRows, clients, codes, tokens
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

# The columns that hold a field as it is.
_BINDING = ("family", "client_id", "team", "scope", "resource", "environment")
_CODE = ("hash", "redirect_uri", "challenge", "expires_at", "redeemed_at")
_TOKEN = ("hash", "kind", "expires_at", "rotated_at")


class OAuthTokens(OAuthRows):
    """Rows of codes and tokens."""

    def add_code(self, code: Code) -> None:
        """Delete expired rows, then write a new code."""
        values = {**_columns(code.binding), **{name: getattr(code, name) for name in _CODE}}
        with self._store.write() as connection:
            _prune(connection, self._clock())
            connection.execute(codes.insert(), values)

    def code(self, hash_: str) -> Code | None:
        """Return a code, also one that was redeemed or has expired, or None."""
        with self._store.read() as connection:
            row = _row(connection, codes, hash_)
        return None if row is None else _code(row)

    def redeem(self, hash_: str, client: str, pair: TokenPair) -> bool:
        """Exchange a code for a pair of tokens, once.

        A second use of a code deletes the tokens of the first (OAuth 2.1, 4.1.3). A use by another
        client changes nothing.

        Returns:
            Whether the pair is valid.
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
        """Whether the token expired not long ago; a client that sends it is not guessing."""
        with self._store.read() as connection:
            row = _row(connection, tokens, hash_)
        return row is not None and _token(row).expires_at <= self._clock()

    def rotate(self, hash_: str, client: str, pair: TokenPair) -> bool:
        """Exchange a refresh token for a pair of tokens.

        The first use marks it as used. For ten minutes it gives further pairs, because real
        clients refresh in parallel. A later use means that the token was stolen, and deletes all
        tokens of the sign-in (RFC 9700, 4.14.2). A use by another client changes nothing.

        Returns:
            Whether the pair is valid.
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
        """Delete every token of one sign-in."""
        with self._store.write() as connection:
            _end(connection, family)

    def forget_others(self, teams: Collection[str]) -> None:
        """Delete the codes and tokens of all teams but these."""
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
    """Delete expired rows; a used code stays while a second use would delete tokens.

    Expired tokens are kept for a while: the client sends one once more, which is not a guess.
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
    plain = {name: getattr(binding, name) for name in _BINDING}
    return {**plain, "login": binding.login.name, "login_id": binding.login.id}


def _binding(row: Mapping[str, Any]) -> TokenBinding:
    login = Login(row["login"], row["login_id"])
    return TokenBinding(login=login, **{name: row[name] for name in _BINDING})


def _code(row: Mapping[str, Any]) -> Code:
    return Code(binding=_binding(row), **{name: row[name] for name in _CODE})


def _token(row: Mapping[str, Any]) -> Token:
    return Token(binding=_binding(row), **{name: row[name] for name in _TOKEN})
