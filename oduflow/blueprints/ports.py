"""Protocols that every face needs: credential checks, and parts of the store."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from oduflow.domain.access import Actor
from oduflow.domain.odoo_session import SessionLink
from oduflow.domain.rate_limits import Claim, Reservation
from oduflow.domain.status import HealthFinding
from oduflow.domain.upload import Upload
from oduflow.settings import Settings

CredentialCheck = Callable[[Actor], bool]


class SettingsSource(Protocol):
    """Returns the configuration that is in force now."""

    def current(self) -> Settings:
        """Return it."""


class Probe(Protocol):
    """Checks every part that creating an environment needs."""

    def findings(self) -> Sequence[HealthFinding]:
        """Check every part now; takes at most a few seconds."""

    def environments(self) -> Mapping[str, int]:
        """Return the number of environments of all teams, by state."""


def always_valid(_actor: Actor) -> bool:
    """Return True: the credential never ends. The default where none can."""
    return True


class TokenVerifier(Protocol):
    """Verifies Bearer tokens of one kind: static ones, those of the OAuth server, grants."""

    def verify(self, token: str, resource: str) -> Actor | None:
        """Return the token's owner, or None when the token is not of this kind.

        Args:
            token: as the client sent it.
            resource: the path that it is presented at: `/mcp`, `/mcp/<environment>`, or `/api`
                for all of REST.

        Raises:
            Forbidden: the token is known, but its owner may not sign in any more.
            Unauthenticated: the token has ended. It was valid once, so this is not a guess.
        """


class RateLimitStore(Protocol):
    """Counts wrong credentials across all faces and processes."""

    def digest(self, presented: str) -> str:
        """Return a keyed digest of a credential, the same in every process."""

    def look(self, claim: Claim) -> Reservation:
        """Return what `reserve` would answer now, without writing."""

    def reserve(self, claim: Claim) -> Reservation:
        """Add one failure to the claim's counters, before anything is compared."""

    def give_back(self, reservation: Reservation) -> None:
        """Take the reserved failures back: the credential was not wrong."""

    def succeed(self, reservation: Reservation, source: str, team: str) -> None:
        """Take the reserved failures back, and store that this source signed in to the team."""


class FactStore(Protocol):
    """Stores single facts that other processes read."""

    def get(self, key: str) -> str | None:
        """Return the value under `key`, or None."""

    def set(self, key: str, value: str) -> None:
        """Store `value` under `key`, replacing any other."""


class LinkSource(Protocol):
    """The links that sign a browser in to an environment."""

    def find(self, token: str) -> SessionLink | None:
        """Return the link of a token; None if there is none, or no longer."""

    def take(self, token: str) -> SessionLink | None:
        """Return the link of a token and remove it: of calls at one time only one gets it."""


class PartContent(Protocol):
    """The bytes of a part of an upload."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end, or where the body breaks off."""


class UploadSink(Protocol):
    """Writes the parts of uploads."""

    def find(self, team: str, name: str) -> Upload:
        """Return a team's upload, or raise `NotFound`."""

    def append(
        self, team: str, name: str, offset: int, content: PartContent, length: int
    ) -> Upload:
        """Write a part of `length` bytes durably, or raise a `Failure`; return the new row."""
