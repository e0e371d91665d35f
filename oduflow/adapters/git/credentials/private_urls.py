"""The URL with a credential, which is the argument of setup_repo_auth only."""

from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from oduflow.adapters.git.credentials.entries import WHOLE_HOST, Entry, is_within
from oduflow.adapters.git.urls import RemoteUrl, check_path, parse_url
from oduflow.domain.errors import Invalid
from oduflow.domain.hosts import DEFAULT_PORTS

_EXAMPLE = "Give it as https://USER:TOKEN@host/owner/repository.git"
_LONGEST = 1000


def read_private_url(
    text: str, path: str | None, allowed_hosts: Iterable[str] = ()
) -> tuple[RemoteUrl, Entry]:
    """Split a URL into the repository and the credential; no message repeats any part of it.

    Args:
        text: the URL with user and token.
        path: the path to bind the credential to; None for the whole host.
        allowed_hosts: private or plain-http hosts that the operator allows.

    Raises:
        Invalid: it is not such a URL, or git cannot carry the user or the token.
    """
    scheme, separator, rest = text.strip().partition("://")
    authority, slash, tail = rest.partition("/")
    if "@" in tail:
        raise Invalid(
            "The URL has an @ behind its first /, so it is not clear where the token ends.",
            f"{_EXAMPLE}, with a / of the token as %2F, and an @ of the path as %40.",
        )
    userinfo, at, host = authority.rpartition("@")
    if scheme.lower() not in DEFAULT_PORTS or not (separator and at and userinfo.strip(":")):
        raise Invalid(
            "The URL holds no user and token.", f"{_EXAMPLE}; @ : / in them as %40 %3A %2F."
        )
    remote = parse_url(f"{scheme}://{host}{slash}{tail}", allowed_hosts)
    user, _, password = userinfo.partition(":")
    entry = Entry(
        remote.scheme,
        remote.host,
        remote.port,
        bound_path(path, remote),
        _decoded(user),
        _decoded(password),
    )
    return remote, entry


def bound_path(path: str | None, remote: RemoteUrl) -> str:
    """Normalise the path that a credential is bound to.

    Raises:
        Invalid: it is not a path, or the repository is not below it.
    """
    stripped = (path or "").strip("/")
    if not stripped:
        return WHOLE_HOST
    bound = check_path(stripped)
    if not is_within(remote.path, bound):
        raise Invalid(
            "The repository is not below the path that the credential shall be bound to.",
            "Give the path of its owner, such as /owner, or leave path out.",
        )
    return bound


def _decoded(text: str) -> str:
    try:
        decoded = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:  # `from None`: the error holds the token
        raise Invalid("User or token are not UTF-8.", _EXAMPLE) from None
    if len(decoded) > _LONGEST or any(sign < " " or sign == "\x7f" for sign in decoded):
        raise Invalid(
            "User or token hold a control character, which git cannot carry, or are too long.",
            "Copy the token again, without a line break.",
        )
    return decoded
