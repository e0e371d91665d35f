"""Compare a presented secret with every team's secret in constant time."""

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping

Compare = Callable[[bytes, bytes], bool]


def digest(text: str) -> bytes:
    """Return a secret's SHA-256: digests have one length, and the secrets are never compared."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class SecretDigests:
    """Digests of the secrets of one kind, by team id; an empty secret matches nothing."""

    def __init__(self, secrets: Mapping[str, str], compare: Compare = hmac.compare_digest) -> None:
        # No text hashes to random bytes, so an empty secret takes the same time as any other.
        self._digests = {
            team: digest(secret) if secret else os.urandom(32) for team, secret in secrets.items()
        }
        self._compare = compare

    def team_of(self, secret: str) -> str | None:
        """Return the team that a secret belongs to, or None; compares it with every team's."""
        presented = digest(secret)
        found = None
        for team, known in self._digests.items():
            if self._compare(known, presented):
                found = team  # no `break`: the time would show which team it was
        return found
