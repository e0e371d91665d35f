"""Ask a provider's API one question: pinned to a checked address, short, followed nowhere."""

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from oduflow.domain.addresses import is_public

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MOST_BYTES = 1 << 18
_PIECE_BYTES = 1 << 14
_ATTEMPTS = 2
# The authorities that git trusts, too: the system's, not a library's.
_AUTHORITIES = ssl.get_default_verify_paths().cafile or True

Resolve = Callable[[str, int], Sequence[str]]
"""Takes a host name and a port, answers its addresses; raises OSError without any."""


class Unreachable(Exception):
    """Nobody answered, or we may not ask; its text may be shown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        headers: their names in lower case.
        body: the JSON object, empty when it was none.
    """

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)


def look_up(host: str, port: int) -> list[str]:
    """Resolve a host name as the system does."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


@dataclass(frozen=True, slots=True)
class Api:
    """One API.

    Args:
        base: where it begins, without a slash at its end.
        allowed_hosts: hosts the operator vouches for, `host` or `host:port`; only these may be
            private or speak plain http.
        seconds: the most that one attempt takes; there are two.
        resolve: finds a host's addresses.
    """

    base: str
    allowed_hosts: Iterable[str] = ()
    seconds: float = 5.0
    resolve: Resolve = look_up

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Ask once, and once more when nobody answers or the provider fails.

        Args:
            path: below the base.
            headers: sent along, the credential among them.

        Raises:
            Unreachable: why there is no answer.
        """
        reason = ""
        for _ in range(_ATTEMPTS):
            try:
                answer = self._once(path, headers)
            except (requests.RequestException, HTTPError) as cause:
                reason = f"{self._host} does not answer ({type(cause).__name__})."
                continue
            if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                return answer
            reason = f"{self._host} answers {answer.status}."
        raise Unreachable(reason)

    @property
    def _host(self) -> str:
        return urlsplit(self.base).hostname or ""

    def _once(self, path: str, headers: Mapping[str, str]) -> Answer:
        deadline = time.monotonic() + self.seconds
        parts = urlsplit(self.base + path)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        address = self._address(parts.scheme, port)
        dialled = urlunsplit(parts._replace(netloc=f"{_bracketed(address)}:{port}"))
        with requests.Session() as session:
            session.trust_env = False  # no proxy, and no ~/.netrc in place of the credential
            session.mount("https://", _NamedHost(self._host))
            with session.get(
                dialled,
                headers={"Host": parts.netloc, "Accept": "application/json", **headers},
                allow_redirects=False,
                stream=True,
                timeout=self.seconds,
                verify=_AUTHORITIES,
            ) as response:
                names = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, names, _object(_read(response, deadline)))

    def _address(self, scheme: str, port: int) -> str:
        """Choose the address to dial.

        Raises:
            Unreachable: it is none of those we may ask.
        """
        name = _bracketed(self._host)
        listed = not {name, f"{name}:{port}"}.isdisjoint(
            each.lower() for each in self.allowed_hosts
        )
        if scheme != "https" and not listed:
            raise Unreachable(f"{self._host} is asked over https only.")
        try:
            found = self.resolve(self._host, port)
        except (OSError, UnicodeError):
            raise Unreachable(f"{self._host} is not known here.") from None
        for address in found:
            if listed or is_public(ip_address(address)):
                return address
        raise Unreachable(f"{self._host} is not on the public internet.")


class _NamedHost(HTTPAdapter):
    """Speaks TLS with a host by its name, though an address is dialled."""

    def __init__(self, host: str) -> None:
        self._host = host
        super().__init__()

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,  # noqa: FBT001, FBT002 - the base's signature
        **more: Any,
    ) -> None:
        """Name the host in the handshake, and want its certificate."""
        named = {"server_hostname": self._host, "assert_hostname": self._host}
        super().init_poolmanager(connections, maxsize, block, **more, **named)


def _read(response: requests.Response, deadline: float) -> bytes:
    """Read a body that is neither long nor slow; what is is as good as none."""
    body = bytearray()
    # What is there, however little: a larger read would wait for the rest, piece by slow piece.
    while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
        body += piece
        if len(body) > _MOST_BYTES:
            return b""
        if time.monotonic() > deadline:
            raise requests.Timeout
    return bytes(body)


def _object(body: bytes) -> Mapping[str, Any]:
    with contextlib.suppress(ValueError):
        value = json.loads(body)
        return value if isinstance(value, dict) else {}
    return {}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
