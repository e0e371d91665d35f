"""Name what a server's refusal means, by its HTTP status and its own words."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import httpx2
from pydantic import ValidationError

from oduflow.cli.remote.address import Address
from oduflow.domain.errors import (
    Busy,
    Failure,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Unauthenticated,
    UpstreamFailed,
)
from oduflow.domain.outcome import ErrorView

RETRY_SECONDS = 5
_ANSWERS = ("application/json", "text/event-stream")
_WITHOUT_BODY = {HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT}

_WORDS: Mapping[int, tuple[type[Failure], str, str]] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: (
            Unauthenticated,
            "{address} does not know this token, or it has expired.",
            "$ODUFLOW_TOKEN or --token-file must hold the auth_token of a team, or a live grant.",
        ),
        HTTPStatus.FORBIDDEN: (
            Forbidden,
            "{address} denies access.",
            "Ask who runs it whether you may.",
        ),
        HTTPStatus.NOT_FOUND: (
            NotFound,
            "There is no Oduflow at {address}.",
            "Check --url.",
        ),
        HTTPStatus.MISDIRECTED_REQUEST: (
            Invalid,
            "The server does not go by the name in {address}.",
            "Use a name that the server's configuration gives it.",
        ),
        HTTPStatus.SERVICE_UNAVAILABLE: (
            Busy,
            "{address} is busy, or closing.",
            "Call again in a few seconds.",
        ),
    }
)
# Where the words of an Oduflow say more than ours.
_TELLING = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.MISDIRECTED_REQUEST}
_BROKEN = (UpstreamFailed, "{address} failed with status {status}.", "The server's log says why.")


def no_oduflow(address: Address) -> UpstreamFailed:
    """Say that somebody answers there, but not as Oduflow does."""
    return UpstreamFailed(
        f"{address} answers, but not as an Oduflow server does.",
        "Check --url; an Oduflow much older or newer needs a command line of its own version.",
    )


async def refusal(response: httpx2.Response, address: Address) -> Failure | None:
    """Return why a response is no answer; None when it is one, be it a JSON-RPC error.

    A redirect is a refusal: the token was meant for the address that was named.
    """
    status = response.status_code
    media_type = response.headers.get("content-type", "").lower()
    if response.has_redirect_location:
        return _redirected(response, address)
    if status < HTTPStatus.BAD_REQUEST:
        expected = media_type.startswith(_ANSWERS) or status in _WITHOUT_BODY
        return None if expected or response.request.method != "POST" else no_oduflow(address)
    body = _object(await response.aread()) if media_type.startswith("application/json") else {}
    return None if "jsonrpc" in body else _named(response, _told(body), address)


def _redirected(response: httpx2.Response, address: Address) -> Failure:
    target = response.url.join(response.headers["location"])
    return UpstreamFailed(
        f"{address} redirects to {target.scheme}://{target.host}; the token was not sent there.",
        "If that is the server, name it with --url.",
    )


def _named(response: httpx2.Response, told: ErrorView | None, address: Address) -> Failure:
    status = response.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        after = response.headers.get("retry-after", "")
        seconds = int(after) if after.isdecimal() else RETRY_SECONDS
        message = told.message if told else f"{address} had too many requests."
        return RateLimited(message, f"Call again in {seconds} s.", retry_after=seconds)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _WORDS:
        return no_oduflow(address)
    kind, message, hint = _WORDS.get(status, _BROKEN)
    if told is not None and status in _TELLING:
        return kind(told.message, told.hint or hint)
    if told is not None and status == HTTPStatus.UNAUTHORIZED:
        return kind(told.message, hint)  # theirs is about a header
    return kind(message.format(address=address, status=status), hint)


def _told(body: dict[str, Any]) -> ErrorView | None:
    """Read the problem details of an Oduflow server (RFC 9457); None when it is none."""
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
