"""What every face may ask of whoever knows the callers."""

from typing import Protocol

from oduflow.domain.access import Actor


class TokenVerifier(Protocol):
    """Knows Bearer tokens of one kind: static ones, those of the OAuth server, grants."""

    def verify(self, token: str, resource: str) -> Actor | None:
        """Return who has that token, or None when it is not of this kind.

        Args:
            token: as the client sent it.
            resource: the path that it is presented at: `/mcp` or `/mcp/<environment>`.

        Raises:
            Forbidden: the token is known, but its owner may not come in any more.
        """
