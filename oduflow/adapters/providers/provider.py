"""What each provider offers, and how their responses are read alike."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import ClassVar

from oduflow.adapters.providers.api import Api, ApiResponse, Unreachable
from oduflow.domain.clock import now
from oduflow.domain.credential import CredentialState, Verdict
from oduflow.domain.masking import redact

_MAX_MESSAGE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Provider(ABC):
    """One provider of git repositories, at one address.

    Args:
        host: of its repositories, with the port unless it is the scheme's.
        api: its API.
    """

    name: ClassVar[str]
    """Its name, as people know it."""

    token_kinds: ClassVar[Mapping[str, str]]
    """The kinds of its tokens, by the prefix that shows each."""

    host: str
    api: Api

    def serves(self, host: str) -> bool:
        """Whether the host is that of its git repositories."""
        return host == self.host

    def validate(self, username: str, token: str) -> Verdict:
        """Check a credential with its API; never raises for failures of network or provider."""
        kinds = self.token_kinds.items()
        kind = next((kind for prefix, kind in kinds if token.startswith(prefix)), "")
        try:
            return self.ask(username, token, kind)
        except Unreachable as cause:
            return Verdict(CredentialState.UNREACHABLE, token_kind=kind, detail=str(cause))

    @abstractmethod
    def ask(self, username: str, token: str, kind: str) -> Verdict:
        """Ask the API about a credential; `kind` is empty for a token of an unknown prefix.

        Raises:
            Unreachable: why there is no answer.
        """


def rejection(response: ApiResponse, token_kind: str) -> Verdict:
    """Read a response whose status is not 200."""
    message = error_message(response)
    if response.status == HTTPStatus.UNAUTHORIZED:
        expired = "expired" in message.lower()
        state = CredentialState.EXPIRED if expired else CredentialState.INVALID
    elif response.status == HTTPStatus.FORBIDDEN:
        state = CredentialState.INSUFFICIENT
    else:
        state = CredentialState.UNREACHABLE
    detail = message or f"It answers {response.status}."
    return Verdict(state, token_kind=token_kind, detail=detail)


def error_message(response: ApiResponse) -> str:
    """Return the provider's own error message, in one short line without secrets."""
    body = response.body
    error = body.get("error")
    nested = error.get("message") if isinstance(error, dict) else None
    text = nested or body.get("error_description") or body.get("message") or error or ""
    line = "".join(filter(str.isprintable, str(text)))
    return redact(line)[:_MAX_MESSAGE_LENGTH]


def scopes_in(header: str) -> tuple[str, ...]:
    """Return the scopes of a header that separates them by commas."""
    return tuple(scope for part in header.split(",") if (scope := part.strip()))


def state_at(expires_at: datetime | None) -> CredentialState:
    """Return `expired` when the time is past, else `valid`."""
    expired = expires_at is not None and expires_at <= now()
    return CredentialState.EXPIRED if expired else CredentialState.VALID


def parse_expiry(text: str) -> datetime | None:
    """Read a time or a date as providers write them; None for any other text."""
    try:
        read = datetime.fromisoformat(text.strip().replace(" UTC", "+00:00"))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def header_value(token: str) -> str:
    """Make a token fit into a header, which is ASCII; a token that is not cannot be right."""
    return token.encode("ascii", "replace").decode()
