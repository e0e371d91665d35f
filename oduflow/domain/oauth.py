"""OAuth: clients, sign-ins, codes and tokens, and the resources that tokens are valid for.

Secrets are kept as their SHA-256 only; the secret itself proves its owner.
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

EnvironmentId = Callable[[str, str], str | None]  # an environment's id by team and name

GITHUB_LOGIN = r"^[A-Za-z0-9_-]{1,100}$"
SCOPE = "mcp"
PATH = "/mcp"

ACCESS_LIFE = timedelta(hours=1)
REFRESH_LIFE = timedelta(days=30)
REMEMBERED = timedelta(days=1)  # an expired token is kept so long, to distinguish it from a guess
# Real clients refresh in parallel, and a second process still has the old token some minutes later.
REFRESH_GRACE = timedelta(minutes=10)
CODE_LIFE = timedelta(seconds=60)
TRANSACTION_LIFE = timedelta(minutes=10)

_RESOURCE_PATH = re.compile(r"/mcp(/[a-z0-9][a-z0-9-]{0,38})?")


class ClientKind(StrEnum):
    """How a client became known."""

    CONFIGURED = "configured"
    DOCUMENT = "document"
    REGISTERED = "registered"


class Stage(StrEnum):
    """The stage of a sign-in; it only advances."""

    ASKED = "asked"
    CONSENTED = "consented"
    KNOWN = "known"


class TokenKind(StrEnum):
    """The kind of a token."""

    ACCESS = "access"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A client program (RFC 7591, 2).

    Attributes:
        name: the client's own name for itself, which is not to be trusted.
        redirect_uris: the registered redirect URIs.
        secret: SHA-256 of its secret, empty for a public client.
        address: the client address that registered it.
        used_at: when a token was last issued to it.
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
    """A GitHub account: a login that may pass to another account, and a number that does not."""

    name: str
    id: str


class GithubLogin(Model):
    """One GitHub login, as an argument of an operation."""

    login: Annotated[
        str,
        StringConstraints(pattern=GITHUB_LOGIN),
        Field(description="The GitHub login, such as octocat."),
    ]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A sign-in between `/authorize` and its code.

    Attributes:
        id: SHA-256 of the id in the pages' forms.
        browser: SHA-256 of the binding cookie of the browser that began it.
        csrf: SHA-256 of the CSRF token in the page's form.
        request: the validated parameters of `/authorize`.
        client_name: the client's name on the consent page.
        state: SHA-256 of the state sent to GitHub; empty when no answer is expected.
        login: the GitHub account, from the stage `known` on.
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
    """What a code and its tokens are bound to.

    Attributes:
        family: the sign-in; all its tokens are revoked together.
        resource: the URL at which the tokens are valid (RFC 8707).
        environment: the id of the environment at that URL; empty if the URL is not of one.
    """

    family: str
    client_id: str
    team: str
    login: Login
    scope: str
    resource: str
    environment: str = ""

    def still_valid(self, environment: EnvironmentId) -> bool:
        """Return whether the environment still exists, and is not a new one of the same name.

        Args:
            environment: returns an environment's id by team and name.
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
    """The hashes of a new access token and its refresh token."""

    access: str
    refresh: str


def new_secret() -> str:
    """Return a secret of 32 random bytes, as 43 characters that are valid in a URL."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """Return the SHA-256 of a secret; random secrets need no salt."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def error_description(text: str) -> str:
    """Return a text in the characters of an `error_description` (RFC 6749, 5.2)."""
    return text.translate({ord('"'): "'", ord("\\"): "/"}).encode("ascii", "replace").decode()


def teams_of(login: str, users: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the teams that a GitHub login may sign in to: those that list it.

    A single team without a list admits every login. One of several teams without a list admits
    none.

    Args:
        login: the login, in upper or lower case.
        users: each team's `github_users`.
    """
    listed = {team: {name.lower() for name in names} for team, names in users.items()}
    if len(listed) == 1 and not any(listed.values()):
        return tuple(listed)
    return tuple(team for team, names in listed.items() if login.lower() in names)


def joinable(users: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the teams that admit some GitHub login: a single team, or those with a list.

    Args:
        users: each team's `github_users`.
    """
    return tuple(team for team, names in users.items() if len(users) == 1 or any(names))


def resource_at(base: str, path: str) -> str | None:
    """Return the URL of the resource at a path of this server, or None if there is none."""
    return f"{base}{path}" if _RESOURCE_PATH.fullmatch(path) else None


def is_covered(granted: str, base: str, path: str) -> bool:
    """Return whether a token for one resource is valid at a path of this server.

    A token for `/mcp` is valid at every environment's path, one for an environment only there.
    """
    asked = resource_at(base, path)
    return asked is not None and granted in {asked, base + PATH}


def environment_at(resource: str, team: str, environment: EnvironmentId) -> str:
    """Return the id of the team's environment that a resource names, or an empty text."""
    name = urlsplit(resource).path.removeprefix(PATH).removeprefix("/")
    return (environment(team, name) or "") if name else ""


def asked_resource(base: str, asked: Iterable[str]) -> str | None:
    """Return the resource that a request's `resource` parameters name (RFC 8707, 2).

    Without a parameter it is `/mcp`, and so it is for the server's own URL.

    Returns:
        The resource, or None if they name another server's resource or several.
    """
    meant = {_meant(base, value) for value in asked} or {base + PATH}
    return meant.pop() if len(meant) == 1 else None


def _meant(base: str, value: str) -> str | None:
    bare = value.partition("?")[0].removesuffix("/")  # ?profile= is the same resource
    # Scheme and host ignore case (RFC 3986, 6.2.2.1; MCP, Canonical Server URI).
    scheme, separator, rest = bare.partition("://")
    authority, slash, path = rest.partition("/")
    bare = f"{scheme.lower()}{separator}{authority.lower()}{slash}{path}"
    if bare == base:
        return base + PATH
    return resource_at(base, bare.removeprefix(base)) if bare.startswith(base) else None
