"""The translation of the engine's errors into the product's.

Failure
├── Conflict
│   └── NameTaken         a container or network of that name exists
├── NotFound              no such container, network or volume
├── QuotaReached          the disk is full
└── UpstreamFailed
    ├── EngineUnreachable the engine does not run, or its socket cannot be opened
    ├── ImageMissing      the image is neither on this machine nor in its registry
    ├── PortTaken         the host port is in use: try another
    └── SubnetTaken       the subnet or bridge is in use: try another
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from docker.errors import (
    APIError,
    DockerException,
    ImageNotFound,
    create_api_error_from_http_exception,
)
from requests import HTTPError as BadStatus
from requests import Response
from requests.exceptions import RequestException, Timeout
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as PoolTimeout

from oduflow.domain.errors import Conflict, Failure, NotFound, QuotaReached, UpstreamFailed

FOREIGN = (DockerException, RequestException, HTTPError)
_SHOWN = 300


class EngineUnreachable(UpstreamFailed):
    """The engine does not run, or its socket cannot be opened."""


class ImageMissing(UpstreamFailed):
    """The image is neither on this machine nor in its registry."""


class NameTaken(Conflict):
    """A container or network of that name exists already."""


class PortTaken(UpstreamFailed):
    """The host port is in use; another one may be free."""


class SubnetTaken(UpstreamFailed):
    """The subnet or the bridge name is in use; another one may be free."""


# Most of the engine's errors differ in their text only (moby: daemon, libnetwork, volume/service).
_MESSAGES: tuple[tuple[str, type[Failure], str, str], ...] = (
    (
        r"port is already allocated|bind: address already in use|Ports are not available",
        PortTaken,
        "the host port is in use by another program",
        "Try again with another port of [routing] port_range.",
    ),
    (
        r"cannot assign requested address",
        UpstreamFailed,
        "the address to publish on is not an address of this machine",
        "Correct [server] host.",
    ),
    (
        r"Pool overlaps|have (the )?same bridge name|non-overlapping",
        SubnetTaken,
        "its subnet or bridge is in use by another network",
        "Give [server] subnet_pool a range that nothing else uses.",
    ),
    (
        r"no space left on device|disk quota exceeded",
        QuotaReached,
        "the disk is full",
        "Delete environments or templates, or give the engine's data folder more space.",
    ),
    (
        r"name .* is already in use|network with name .* already exists",
        NameTaken,
        "its name is taken",
        "`docker ps --all` and `docker network ls` on the server show what has it.",
    ),
    (
        r"volume is in use|has active endpoints",
        Conflict,
        "a container still uses it",
        "Remove the container first.",
    ),
    (
        r"pull access denied|manifest .*(unknown|not found)|repository does not exist",
        ImageMissing,
        "the registry has no such image, or wants a login",
        "Check the image's name; `docker login` where the registry is private.",
    ),
)


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Raise the product's errors in place of the engine's and the connection's.

    Args:
        action: completes “Docker could not …”.

    Raises:
        Failure: a class of the module's tree, from the original error.
    """
    try:
        yield
    except FOREIGN as cause:
        raise failure(cause, action) from cause


def raise_for_status(answer: Response) -> None:
    """Raise a refused request as docker-py does, for calls that bypass docker-py."""
    try:
        answer.raise_for_status()
    except BadStatus as cause:
        create_api_error_from_http_exception(cause)


def failure(cause: Exception, action: str) -> Failure:
    """Return the product's error; its message shows no path of the host."""
    if not isinstance(cause, APIError):
        return _unanswered(cause, action)
    said = str(cause.explanation or "")
    if isinstance(cause, ImageNotFound):
        return ImageMissing(
            f"Docker could not {action}: the image is not on this machine.",
            "Run `oduflow images ensure`, which brings those that are missing.",
        )
    for pattern, kind, reason, hint in _MESSAGES:
        if re.search(pattern, said, re.IGNORECASE):
            return kind(f"Docker could not {action}: {reason}.", hint)
    message = f"Docker could not {action}: {without_paths(said) or 'it gave no reason'}."
    if cause.status_code == 404:  # noqa: PLR2004 - an HTTP status
        return NotFound(message, "`oduflow doctor` says whether every part is there.")
    if cause.status_code == 409:  # noqa: PLR2004
        return Conflict(message, "Call again in a few seconds, when the engine has settled.")
    return UpstreamFailed(message, "The server's log has the engine's full answer.")


def without_paths(said: str) -> str:
    """Shorten a message of the engine's and mask absolute paths in it."""
    masked = re.sub(r"(?<![\w.:/])/[\w./@:+~-]+", "…", " ".join(said.split()))
    return masked[:_SHOWN].rstrip(".")


def timed_out(cause: Exception) -> bool:
    """Tell whether an error is a timeout."""
    return any(isinstance(each, Timeout | TimeoutError | PoolTimeout) for each in _chain(cause))


def _unanswered(cause: Exception, action: str) -> Failure:
    if any(isinstance(each, PermissionError) for each in _chain(cause)):
        return EngineUnreachable(
            "The server may not talk to the Docker engine: permission denied on its socket.",
            "Add the server's user to the `docker` group and log in again, or run it as root.",
        )
    if timed_out(cause):
        return EngineUnreachable(
            f"Docker could not {action}: the engine did not answer in time.",
            "Look at the engine's own log (`journalctl -u docker`), then try again.",
        )
    return EngineUnreachable(
        "The Docker engine does not answer.",
        "Start it (`systemctl start docker`) and check with `docker version`.",
    )


def _chain(error: object) -> Iterator[BaseException]:
    """Walk an error, its causes, and the errors that requests and urllib3 keep in `args`."""
    if isinstance(error, BaseException):
        yield error
        yield from _chain(error.__cause__ or error.__context__)
        for wrapped in error.args:
            yield from _chain(wrapped)
