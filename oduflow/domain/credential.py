"""Git credentials: the operations' inputs, a provider's verdict, and the view."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, SecretStr

from oduflow.domain.audit.addresses import AUDITED_ADDRESS
from oduflow.domain.clock import now
from oduflow.domain.environment import Text
from oduflow.domain.outcome import Model

WHOLE_HOST = "/"
EXPIRES_SOON = timedelta(days=14)
_HOST_HELP = "Git host, such as git.lan:8443."
_USERNAME_HELP = "As it is listed."
_PATH_HELP = "Its path, such as /owner or /, where a user has several for a host."


class CredentialState(StrEnum):
    """The result of the last check of a credential."""

    EXPIRED = "expired"
    INSUFFICIENT = "insufficient"
    INVALID = "invalid"
    UNCHECKED = "unchecked"
    UNREACHABLE = "unreachable"
    VALID = "valid"


class SetupRepoAuth(Model):
    """A credential, and a repository to prove it with."""

    repo_url: Annotated[
        SecretStr,
        AUDITED_ADDRESS,
        Field(
            min_length=1,
            max_length=2000,
            description="https://USER:TOKEN@host/owner/repository.git; @ : / and % in user or "
            "token percent-encoded.",
        ),
    ]
    keep_unverified: Annotated[
        bool,
        Field(description="Save it even if the test fails."),
    ] = False
    path: Annotated[
        Text | None,
        Field(description="Only for repositories below this path, such as /owner; default: all."),
    ] = None

    @property
    def host(self) -> str:
        """The host for the audit log, empty when it is ambiguous.

        With a raw `@` or `/` in the token, a part of the token would be taken for the host.
        """
        authority = self.repo_url.get_secret_value().partition("://")[2].partition("/")[0]
        plain = self.repo_url.get_secret_value().count("@") == 1
        return authority.partition("@")[2][:253] if plain else ""


class CredentialName(Model):
    """One credential, by its parts that are not secret."""

    host: Annotated[Text, Field(description=_HOST_HELP)]
    username: Annotated[Text, Field(description=_USERNAME_HELP)]
    path: Annotated[Text | None, Field(description=_PATH_HELP)] = None


class ValidateCredential(CredentialName):
    """One credential, and a repository to try it on."""

    repo_url: Annotated[
        Text | None,
        AUDITED_ADDRESS,
        Field(description="Repository to read with git; default: that of an environment."),
    ] = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A provider's answer about a credential, without the credential itself.

    Attributes:
        login: the login that the credential belongs to.
        scopes: its rights, in the provider's words.
        expires_at: when it ends; None when it does not, or the provider does not say.
        token_kind: such as `classic` or `fine-grained`.
        detail: further explanation by the provider.
    """

    state: CredentialState
    login: str = ""
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    token_kind: str = ""
    detail: str = ""


class CredentialView(Model):
    """A credential as callers see it: masked. Times are RFC 3339 in UTC.

    `proven` is the result of git ls-remote: true when it could read the repository, false when it
    could not, null when there was no private repository to try it on.
    """

    host: str
    username: str
    path: str
    token: str
    provider: str
    state: CredentialState
    token_kind: str = ""
    login: str = ""
    scopes: tuple[str, ...] = ()
    expires_at: str | None = None
    expires_soon: bool = False
    checked_at: str | None = None
    proven: bool | None = None
    detail: str = ""


class CredentialList(Model):
    """The team's credentials, in the order of their file."""

    credentials: tuple[CredentialView, ...]


def expires_soon(moment: datetime | None) -> bool:
    """Whether a moment is less than two weeks away, or past."""
    return moment is not None and moment - now() < EXPIRES_SOON
