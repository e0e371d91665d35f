"""What every face may ask of whoever knows the callers."""

from collections.abc import Callable
from typing import Protocol

from oduflow.domain.access import Actor

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
        """
