"""What every provider can be asked, and what all their answers have in common."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol

from oduflow.adapters.providers.ask import Answer
from oduflow.domain.clock import now
from oduflow.domain.credential import CredentialState, Verdict
from oduflow.domain.masking import redact

_SAID = 200  # characters of a provider's own words


class Provider(Protocol):
    """One provider of git repositories, at one address."""

    @property
    def name(self) -> str:
        """Its name, as people know it."""

    def serves(self, host: str) -> bool:
        """Whether that is the host of its git repositories."""

    def validate(self, username: str, token: str) -> Verdict:
        """Ask its API about a credential; never raises for what the network or the provider do."""


def refused(answer: Answer, token_kind: str) -> Verdict:
    """Read an answer that is none of the good ones."""
    said = said_of(answer)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        over = "expired" in said.lower()
        state = CredentialState.EXPIRED if over else CredentialState.INVALID
    elif answer.status == HTTPStatus.FORBIDDEN:
        state = CredentialState.INSUFFICIENT
    else:
        state = CredentialState.UNREACHABLE
    return Verdict(state, token_kind=token_kind, detail=said or f"It answers {answer.status}.")


def said_of(answer: Answer) -> str:
    """Return the provider's own words, in one short line."""
    body = answer.body
    error = body.get("error")
    nested = error.get("message") if isinstance(error, dict) else None
    words = nested or body.get("error_description") or body.get("message") or error or ""
    line = "".join(sign for sign in str(words) if sign.isprintable())
    return redact(line)[:_SAID]


def state_at(expires_at: datetime | None) -> CredentialState:
    """Return `expired` once the moment is past, else `valid`."""
    over = expires_at is not None and expires_at <= now()
    return CredentialState.EXPIRED if over else CredentialState.VALID


def moment(text: str) -> datetime | None:
    """Read a moment or a day as providers write them; None for what is neither."""
    text = text.strip().replace(" UTC", "+00:00")
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
