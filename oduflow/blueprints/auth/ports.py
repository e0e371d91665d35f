"""What the faces ask of whoever keeps secrets."""

from typing import Protocol


class SecretLookup(Protocol):
    """Knows secrets of one kind, and whose they are."""

    def team_of(self, secret: str) -> str | None:
        """Return the id of the team that the secret belongs to.

        It takes the same time whatever the answer is.
        """
