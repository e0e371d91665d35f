"""Convert error responses and connection errors of a remote server into a `Failure`."""

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import httpx2
from pydantic import ValidationError

from oduflow.cli.remote.target import Address
from oduflow.domain.errors import (
    Busy,
    Conflict,
    Failure,
    Forbidden,
    Invalid,
    Kind,
    NotFound,
    QuotaReached,
    RateLimited,
    Unauthenticated,
    UpstreamFailed,
)
from oduflow.domain.outcome import ErrorView

RETRY_SECONDS = 5
_ANSWERS = ("application/json", "text/event-stream")
_WITHOUT_BODY = {HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT}

_BY_STATUS: Mapping[int, tuple[type[Failure], str, str]] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: (
            Unauthenticated,
            "{address} does not know this token, or it has expired.",
            "$ODUFLOW_TOKEN or --token-file must hold the auth_token of a team or a valid grant.",
        ),
        HTTPStatus.FORBIDDEN: (
            Forbidden,
            "{address} denies access.",
            "Ask the operator of that server for access.",
        ),
        HTTPStatus.NOT_FOUND: (
            NotFound,
            "There is no Oduflow at {address}.",
            "Check --url.",
        ),
        HTTPStatus.MISDIRECTED_REQUEST: (
            Invalid,
            "The server is not configured for the host name in {address}.",
            "Use a host name from the server's configuration.",
        ),
        HTTPStatus.SERVICE_UNAVAILABLE: (
            Busy,
            "{address} is busy or shutting down.",
            "Call again in a few seconds.",
        ),
    }
)
# For these the server's own message is more precise.
_SERVER_MESSAGE = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.MISDIRECTED_REQUEST}
_OTHER = (UpstreamFailed, "{address} failed with status {status}.", "Look at the server's log.")

# Of problems that the server explains itself.
_KINDS: Mapping[Kind, type[Failure]] = MappingProxyType(
    {
        Kind.BUSY: Busy,
        Kind.CONFLICT: Conflict,
        Kind.INVALID: Invalid,
        Kind.QUOTA: QuotaReached,
    }
)

# In order of precedence: the first type found among the causes is reported.
_CONNECTION_ERRORS: tuple[tuple[type[BaseException], str, str], ...] = (
    (
        ssl.SSLCertVerificationError,
        "The certificate of {address} is not trusted: {reason}.",
        "Check the name in --url; $SSL_CERT_FILE may name the certificate of your own authority.",
    ),
    (
        ssl.SSLError,
        "The TLS handshake with {address} failed.",
        "Check the port in --url. A server without TLS is http://, on this machine only.",
    ),
    (
        socket.gaierror,
        "The host name in {address} cannot be resolved.",
        "Check --url and your DNS.",
    ),
    (
        httpx2.ConnectTimeout,
        "The connection to {address} timed out.",
        "Check --url and its port.",
    ),
    (httpx2.TimeoutException, "{address} did not answer in time.", "Call again later."),
    (
        ConnectionRefusedError,
        "{address} refused the connection.",
        "Check --url, and that `oduflow serve` runs on that machine.",
    ),
    (httpx2.ConnectError, "{address} cannot be reached.", "Check --url and the network."),
)


def not_oduflow(address: Address) -> UpstreamFailed:
    """Return the failure for an address where another program answers."""
    return UpstreamFailed(
        f"{address} answers, but it is not an Oduflow server.",
        "Check --url. If it is an Oduflow server, use the command line of its version.",
    )


async def response_error(response: httpx2.Response, address: Address) -> Failure | None:
    """Return the failure that a response means; None for a valid answer, also a JSON-RPC error.

    A redirect is a failure: the token is for the address in --url only.
    """
    status = response.status_code
    media_type = response.headers.get("content-type", "").lower()
    if response.has_redirect_location:
        target = response.url.join(response.headers["location"])
        origin = f"{target.scheme}://{target.host}"
        return UpstreamFailed(
            f"{address} redirects to {origin}; the token was not sent there.",
            "If that is the server, use it as --url.",
        )
    if status < HTTPStatus.BAD_REQUEST:
        expected = media_type.startswith(_ANSWERS) or status in _WITHOUT_BODY
        return None if expected or response.request.method != "POST" else not_oduflow(address)
    body = _object(await response.aread()) if media_type.startswith("application/json") else {}
    return None if "jsonrpc" in body else _by_status(response, _problem_details(body), address)


def upload_error(response: httpx2.Response, address: Address) -> Failure:
    """Return the failure that a response to a part of an upload means."""
    body = _object(response.content)
    problem = _problem_details(body)
    if problem is not None and response.status_code not in _BY_STATUS:
        kind = _KINDS.get(problem.kind, UpstreamFailed)
        return kind(problem.message, problem.hint)
    return _by_status(response, problem, address)


def connection_error(cause: httpx2.TransportError, address: Address) -> UpstreamFailed:
    """Return the failure for a request that got no answer."""
    causes = list(_causes(cause))
    for kind, message, hint in _CONNECTION_ERRORS:
        for each in causes:
            if isinstance(each, kind):
                reason = getattr(each, "verify_message", "")
                return UpstreamFailed(message.format(address=address, reason=reason), hint)
    return connection_lost(address)


def connection_lost(address: Address) -> UpstreamFailed:
    """Return the failure for a connection that ended before the answer."""
    return UpstreamFailed(f"The connection to {address} ended before its answer.", "Call again.")


def _by_status(response: httpx2.Response, problem: ErrorView | None, address: Address) -> Failure:
    status = response.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        after = response.headers.get("retry-after", "")
        seconds = int(after) if after.isdecimal() else RETRY_SECONDS
        message = problem.message if problem else f"{address} had too many requests."
        return RateLimited(message, f"Call again in {seconds} s.", retry_after=seconds)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _BY_STATUS:
        return not_oduflow(address)
    kind, message, hint = _BY_STATUS.get(status, _OTHER)
    if problem is not None and status in _SERVER_MESSAGE:
        return kind(problem.message, problem.hint or hint)
    if problem is not None and status == HTTPStatus.UNAUTHORIZED:
        return kind(problem.message, hint)  # the server's hint is about the HTTP header
    return kind(message.format(address=address, status=status), hint)


def _problem_details(body: dict[str, Any]) -> ErrorView | None:
    """Parse problem details (RFC 9457) of an Oduflow server; None for any other body."""
    try:
        return ErrorView(kind=body["kind"], message=body["detail"], hint=body.get("hint", ""))
    except (KeyError, ValidationError):
        return None


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
