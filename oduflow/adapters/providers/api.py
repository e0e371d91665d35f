"""Send a question to the REST API of a git provider."""

import contextlib
import json
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPMessage
from typing import Any
from urllib.parse import urlsplit

from oduflow.domain.hosts import DEFAULT_PORTS, is_listed
from oduflow.net.addresses import IPAddress, Resolve, ResolveFailed, public_only, resolve
from oduflow.net.fetch import FetchFailed, Request, fetch

_MAX_BYTES = 1 << 18
_ATTEMPTS = 2


class Unreachable(Exception):
    """The API does not answer, or its address is not allowed; the text may be shown."""


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What an API answered.

    Attributes:
        headers: looked up in any case.
        body: the JSON object; empty when the body is not one, or is too long.
    """

    status: int
    headers: HTTPMessage
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Api:
    """One REST API.

    Args:
        base: its URL, without a slash at the end.
        allowed_hosts: hosts the operator trusts, `host` or `host:port`; only these may have
            private addresses or use plain http.
        seconds: how long one attempt may take; there are two.
        resolve: finds a host's addresses.
        context: which certificates are trusted; None for the system's, which git trusts too.
    """

    base: str
    allowed_hosts: Iterable[str] = ()
    seconds: float = 5.0
    resolve: Resolve = resolve
    context: ssl.SSLContext | None = None

    def get(self, path: str, headers: Mapping[str, str]) -> ApiResponse:
        """Send a GET request, and once more when it fails or the status is 5xx.

        Args:
            path: below the base, with its query.
            headers: the credential among them.

        Raises:
            Unreachable: why there is no answer.
        """
        reason = ""
        for _ in range(_ATTEMPTS):
            deadline = time.monotonic() + self.seconds
            url, address = self.base + path, self._address(deadline)
            request = Request(url, address, {"Accept": "application/json", **headers})
            try:
                found = fetch(
                    request, max_bytes=_MAX_BYTES, deadline=deadline, context=self.context
                )
            except FetchFailed as failure:
                reason = f"{self._host} does not answer ({type(failure.__cause__).__name__})."
                continue
            if found.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                return ApiResponse(found.status, found.headers, _json_object(found.body))
            reason = f"{self._host} answers {found.status}."
        raise Unreachable(reason)

    @property
    def _host(self) -> str:
        return urlsplit(self.base).hostname or ""

    def _address(self, deadline: float) -> IPAddress:
        """Choose the address to dial.

        Raises:
            Unreachable: the host has no address that is allowed.
        """
        parts = urlsplit(self.base)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        listed = is_listed(self._host, port, self.allowed_hosts)
        if parts.scheme != "https" and not listed:
            raise Unreachable(f"{self._host} is asked over https only.")
        try:
            found = self.resolve(self._host, deadline)
        except ResolveFailed as cause:
            raise Unreachable(f"The name {self._host} cannot be resolved.") from cause
        allowed = found if listed else public_only(found)
        if not allowed:
            raise Unreachable(f"{self._host} is not on the public internet.")
        return allowed[0]


def _json_object(body: bytes) -> Mapping[str, Any]:
    if len(body) <= _MAX_BYTES:
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(body)
            return value if isinstance(value, dict) else {}
    return {}
