"""Download a large file over https, and go on after broken connections.

A part that arrived stays: the next request asks for the rest (`Range`), on the condition that the
file is the same (`If-Range`; RFC 9110, 13.1.5 and 14.2). A server that answers with the whole file
begins anew. Every redirect is checked like the first URL.
"""

import random
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin

from oduflow.net.addresses import IPAddress
from oduflow.net.fetch import FetchFailed, Request, streamed

STALL_SECONDS = 60.0  # without a byte
LONGEST_SECONDS = 24 * 3600.0
MAX_REDIRECTS = 5
MAX_TRIES = 8  # one after the other that brought nothing
_CHUNK_BYTES = 1 << 20
_MAX_PAUSE_SECONDS = 30.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({408, 429, 500, 502, 503, 504})
_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")

Check = Callable[[str], IPAddress]
"""Takes a URL, returns the address to connect to.

Raises:
    FetchFailed: the name cannot be resolved now; tried again.
    Failure: the URL is not allowed.
"""


class DownloadRefused(Exception):
    """The server does not give the file; the text completes “the server …”."""


class TooLarge(Exception):
    """The file is larger than allowed.

    Attributes:
        size: its size as far as it is known.
    """

    def __init__(self, size: int) -> None:
        super().__init__(str(size))
        self.size = size


class NotWritten(Exception):
    """The file cannot be written; the OSError is the cause."""


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise NotWritten from cause


@dataclass(slots=True)
class Download:
    """One download into a file.

    Attributes:
        url: an https URL.
        target: the file; a part that an earlier try left is not used.
        check: see `Check`; called for the URL and for every redirect, at each try.
        max_bytes: the limit of the file's size.
        on_bytes: called with the bytes that have arrived and their total, 0 when that is unknown;
            may raise to stop.
        pause: waits some seconds before the next try; may raise to stop.
        context: the trusted certificates; None for the system's.
        stall_seconds: how long the server may be silent.
        longest_seconds: how long the whole download may take.
    """

    url: str
    target: Path
    check: Check
    max_bytes: int
    on_bytes: Callable[[int, int], None]
    pause: Callable[[float], None]
    context: ssl.SSLContext | None = None
    stall_seconds: float = STALL_SECONDS
    longest_seconds: float = LONGEST_SECONDS
    _received: int = field(default=0, init=False)
    _total: int = field(default=0, init=False)
    _validator: str = field(default="", init=False)
    _deadline: float = field(default=0.0, init=False)

    def run(self) -> int:
        """Download the whole file; return its size.

        Raises:
            DownloadRefused: the server does not give the file, or too slowly.
            Failure: a check, `on_bytes` or `pause` raised.
            FetchFailed: the connection broke again and again without a byte in between.
            NotWritten: the file cannot be written, as on a full disk.
        TooLarge: the file is larger than `max_bytes`.
        """
        self._deadline, tries = time.monotonic() + self.longest_seconds, 0
        with self.target.open("wb") as file:
            while True:
                before = self._received
                try:
                    if self._attempt(file):
                        return self._received
                    cause: Exception = FetchFailed("the file ends too early")
                except FetchFailed as broken:
                    if isinstance(broken.__cause__, ssl.SSLCertVerificationError):
                        raise  # it will be no other at the next try
                    cause = broken
                tries = 1 if self._received > before else tries + 1
                self._check_deadline()
                if tries >= MAX_TRIES:
                    raise FetchFailed(f"{MAX_TRIES} tries brought nothing") from cause
                wait = min(2.0 ** (tries - 1), _MAX_PAUSE_SECONDS)
                self.pause(wait * random.uniform(0.5, 1.0))  # noqa: S311 - spreads the tries

    def _attempt(self, file: BinaryIO) -> bool:
        """Ask for what is missing and write it; return whether the file is whole."""
        url = self.url
        for _ in range(MAX_REDIRECTS + 1):
            request = Request(url, self.check(url), self._headers())
            with streamed(
                request, stall_seconds=self.stall_seconds, context=self.context
            ) as response:
                if response.status not in _REDIRECTS:
                    return self._write(file, response)
                url = urljoin(url, response.headers.get("Location", ""))
        raise DownloadRefused(f"redirects more than {MAX_REDIRECTS} times")

    def _headers(self) -> Mapping[str, str]:
        if not self._received or not self._validator:
            return {}
        return {"Range": f"bytes={self._received}-", "If-Range": self._validator}

    def _write(self, file: BinaryIO, response: HTTPResponse) -> bool:
        self._position(response)
        if not response.chunked and "Content-Length" not in response.headers:
            raise DownloadRefused("does not say where the file ends, so it could miss a part")
        if self._total > self.max_bytes:
            raise TooLarge(self._total)
        with _writing():
            file.seek(self._received)
            file.truncate()
        try:
            while chunk := response.read1(_CHUNK_BYTES):
                with _writing():  # a full disk is not a broken connection
                    file.write(chunk)
                self._received += len(chunk)
                if self._received > self.max_bytes:
                    raise TooLarge(self._received)
                self._check_deadline()
                self.on_bytes(self._received, self._total)
        finally:
            with _writing():
                file.flush()
        return self._received == self._total if self._total else response.isclosed()

    def _check_deadline(self) -> None:
        if time.monotonic() > self._deadline:
            raise DownloadRefused(f"needs more than {self.longest_seconds / 3600:.0f} hours")

    def _position(self, response: HTTPResponse) -> None:
        """Set where the body begins, the file's size and its validator, from the headers."""
        status, headers = response.status, response.headers
        found = _RANGE.fullmatch(headers.get("Content-Range", ""))
        if status == HTTPStatus.PARTIAL_CONTENT and found and int(found[1]) == self._received:
            return
        if status in _LATER:
            raise FetchFailed(f"the server answers {status}")
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and self._received:
            self._received, self._validator = 0, ""  # the file changed
            raise FetchFailed("the file changed")
        if status != HTTPStatus.OK:
            raise DownloadRefused(f"answers {status} {response.reason}".rstrip())
        if headers.get("Content-Encoding", "identity") != "identity":
            raise DownloadRefused("sends the file in another encoding")
        self._received, self._total = 0, int(headers.get("Content-Length") or 0)
        etag = headers.get("ETag", "")
        # A weak validator does not prove that the bytes are the same (RFC 9110, 8.8.1).
        self._validator = "" if etag.startswith("W/") else etag or headers.get("Last-Modified", "")
