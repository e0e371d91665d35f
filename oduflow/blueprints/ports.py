"""What every face may ask of whoever knows the callers, and of the store."""

from collections.abc import Callable
from typing import Protocol

from oduflow.domain.access import Actor
from oduflow.domain.attempts import Claim, Reservation

Stands = Callable[[Actor], bool]


def always(_actor: Actor) -> bool:
    """Say that whatever let an actor in still does."""
    return True


class TokenVerifier(Protocol):
    """Knows Bearer tokens of one kind: static ones, those of the OAuth server, grants."""

    def verify(self, token: str, resource: str) -> Actor | None:
        """Return who has that token, or None when it is not of this kind.

        Args:
            token: as the client sent it.
            resource: the path that it is presented at: `/mcp`, `/mcp/<environment>`, or `/api`
                for all of REST.

        Raises:
            Forbidden: the token is known, but its owner may not come in any more.
            Unauthenticated: the token was good until it ended, which is no guess.
        """


class AttemptLedger(Protocol):
    """Counts wrong credentials, the same for every face and every process."""

    def look(self, claim: Claim) -> Reservation:
        """Say what `reserve` would answer now; nothing is written."""

    def reserve(self, claim: Claim) -> Reservation:
        """Add one failure to the claim's counters, before anything is compared."""

    def give_back(self, reservation: Reservation) -> None:
        """Take the reserved failures back: it was none."""

    def succeed(self, reservation: Reservation, source: str, team: str) -> None:
        """Take the reserved failures back, and remember that somebody signed in."""


class FactStore(Protocol):
    """Remembers single facts where other processes find them."""

    def get(self, key: str) -> str | None:
        """Return what is remembered under `key`, or None."""

    def set(self, key: str, value: str) -> None:
        """Remember `value` under `key` instead of what was there."""
