"""Signing in through GitHub: who is a client, what a sign-in goes through, what it ends in.

Every secret stands here as its SHA-256; whoever holds the secret itself is the one who proves it.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints

from oduflow.domain.outcome import Model

EnvironmentId = Callable[[str, str], str | None]  # by team and name

SCOPE = "mcp"
PATH = "/mcp"

ACCESS_LIFE = timedelta(hours=1)
REFRESH_LIFE = timedelta(days=30)
REMEMBERED = timedelta(days=1)  # how long an expired token is told from a guess
REFRESH_GRACE = timedelta(seconds=60)  # real clients refresh in parallel
CODE_LIFE = timedelta(seconds=60)
TRANSACTION_LIFE = timedelta(minutes=10)

_RESOURCE_PATH = re.compile(r"/mcp(/[a-z0-9][a-z0-9-]{0,38})?")


class ClientKind(StrEnum):
    """How we came to know a client."""

    CONFIGURED = "configured"
    DOCUMENT = "document"
    REGISTERED = "registered"


class Stage(StrEnum):
    """How far a sign-in is; it only ever goes on."""

    ASKED = "asked"
    CONSENTED = "consented"
    KNOWN = "known"


class TokenKind(StrEnum):
    """What a token is good for."""

    ACCESS = "access"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A program that people let in (RFC 7591, 2).

    Attributes:
        name: as the client calls itself; data of a stranger.
        redirect_uris: where a sign-in may end.
        secret: the SHA-256 of its secret, empty for a public client.
        address: from where it was registered.
        used_at: when it was last given a token.
    """

    id: str
    kind: ClientKind
    name: str
    redirect_uris: tuple[str, ...]
    created_at: datetime
    secret: str = ""
    address: str = ""
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """A person as GitHub knows them: a name that may change hands, and an id that does not."""

    name: str
    id: str


class GithubLogin(Model):
    """One GitHub login, as an argument of an operation."""

    login: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$"),
        Field(description="The GitHub login, such as octocat."),
    ]


@dataclass(frozen=True, slots=True)
class Transaction:
    """One sign-in on its way from `/authorize` to a code.

    Attributes:
        id: SHA-256 of what the page's forms carry.
        browser: SHA-256 of the cookie of the one browser that may go on with it.
        csrf: SHA-256 of what only our own page knows.
        request: the parameters of `/authorize`, as they were validated.
        client_name: what the consent page called the client.
        state: SHA-256 of the state that GitHub was given; empty when none is out.
        login: who GitHub says it is, from the stage `known` on.
    """

    id: str
    browser: str
    csrf: str
    stage: Stage
    client_id: str
    client_name: str
    redirect_uri: str
    resource: str
    request: Mapping[str, str]
    address: str
    expires_at: datetime
    state: str = ""
    login: Login | None = None


@dataclass(frozen=True, slots=True)
class TokenBinding:
    """What a code and every token that comes of it are bound to.

    Attributes:
        family: one sign-in; it dies as a whole.
        resource: the URL that the tokens are good at (RFC 8707).
        environment: the id of the one environment that is there; empty where it is none.
    """

    family: str
    client_id: str
    team: str
    login: Login
    scope: str
    resource: str
    environment: str = ""

    def still_valid(self, environment: EnvironmentId) -> bool:
        """Whether what it is for is still there: a new environment may have an old one's name.

        Args:
            environment: tells the id of a team's environment by its name.
        """
        return self.environment == environment_at(self.resource, self.team, environment)


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code.

    Attributes:
        hash: its SHA-256.
        challenge: the S256 challenge (RFC 7636).
        redeemed_at: when it was used; it is kept so that a second use is noticed.
    """

    hash: str
    binding: TokenBinding
    redirect_uri: str
    challenge: str
    expires_at: datetime
    redeemed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """An access or a refresh token.

    Attributes:
        hash: its SHA-256.
        rotated_at: when a refresh token was first used.
    """

    hash: str
    kind: TokenKind
    binding: TokenBinding
    expires_at: datetime
    rotated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The hashes of a new access token and of the refresh token beside it."""

    access: str
    refresh: str


def new_secret() -> str:
    """Make a secret of 32 random bytes, in 43 characters that every URL can hold."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """Hash a secret; random ones need no salt."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def teams_of(login: str, users: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the teams that a GitHub login may come in to.

    Nobody is listed and there is one team: everybody may. A team that lists nobody beside others
    admits nobody.

    Args:
        login: as GitHub writes it; its case does not matter.
        users: each team's list.
    """
    listed = {team: {name.lower() for name in names} for team, names in users.items()}
    if len(listed) == 1 and not any(listed.values()):
        return tuple(listed)
    return tuple(team for team, names in listed.items() if login.lower() in names)


def joinable(users: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the teams that somebody can come in to through GitHub: the only one, or who lists.

    Args:
        users: each team's list.
    """
    return tuple(team for team, names in users.items() if len(users) == 1 or any(names))


def resource_at(base: str, path: str) -> str | None:
    """Return the resource that a path of this server is, or None where it is none."""
    return f"{base}{path}" if _RESOURCE_PATH.fullmatch(path) else None


def environment_at(resource: str, team: str, environment: EnvironmentId) -> str:
    """Return the id of the environment that a resource is to a team; empty where it is none."""
    name = urlsplit(resource).path.removeprefix(PATH).removeprefix("/")
    return (environment(team, name) or "") if name else ""


def asked_resource(base: str, asked: Iterable[str]) -> str | None:
    """Return the one resource that a request's `resource` parameters mean (RFC 8707, 2).

    None of them means `/mcp`, and so does the server's own address.

    Returns:
        The resource, or None: they mean another server's, or several.
    """
    meant = {_meant(base, value) for value in asked} or {base + PATH}
    return meant.pop() if len(meant) == 1 else None


def _meant(base: str, value: str) -> str | None:
    bare = value.removesuffix("/")
    if bare == base:
        return base + PATH
    return resource_at(base, bare.removeprefix(base)) if bare.startswith(base) else None
