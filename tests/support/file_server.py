"""An https server of one file that answers ranges, and cuts connections where a test says."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Any

from tests.support.tls import Certificate, make_certificate, raw_server

HOST = "files.example"
ADDRESS = "127.0.0.1"


@dataclass
class FileServer:
    """The file, and how it is served.

    Attributes:
        cuts: how many bytes of the body each of the next connections gets before it is cut.
        answers: whole answers that the next requests get instead, after the cuts.
        heads: the request heads, in order.
    """

    content: bytes
    etag: str = '"v1"'
    port: int = 0
    cuts: list[int] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    certificate: Certificate = field(default=Any)  # type: ignore[assignment]

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/dumps/shop.zip"

    @property
    def address_url(self) -> str:
        """Its URL without a name to resolve."""
        return f"https://{ADDRESS}:{self.port}/dumps/shop.zip"

    @property
    def ranges(self) -> list[str]:
        """Return the Range of each request; empty for none."""
        return [_header(head, "Range") for head in self.heads]

    def handle(self, connection: socket) -> None:
        head = connection.recv(8192).decode()
        self.heads.append(head)
        if self.answers and not self.cuts:
            connection.sendall(self.answers.pop(0))
            return
        start = self._start(head)
        body, size = self.content[start:], len(self.content)
        facts = [f"Content-Length: {len(body)}", *([f"ETag: {self.etag}"] if self.etag else [])]
        status = "200 OK"
        if start:
            status = "206 Partial Content"
            facts.append(f"Content-Range: bytes {start}-{size - 1}/{size}")
        text = f"HTTP/1.1 {status}\r\n" + "".join(f"{fact}\r\n" for fact in facts) + "\r\n"
        if self.cuts:
            body = body[: self.cuts.pop(0)]
        connection.sendall(text.encode() + body)

    def _start(self, head: str) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", _header(head, "Range"))
        same = _header(head, "If-Range") == self.etag
        return int(asked[1]) if asked and same else 0


def _header(head: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)\r$", head, re.MULTILINE)
    return found[1] if found else ""


@contextmanager
def file_server(folder: Path, content: bytes) -> Iterator[FileServer]:
    """Serve a file as https://files.example on a free port of loopback."""
    served = FileServer(
        content, certificate=make_certificate(folder, f"DNS:{HOST}", f"IP:{ADDRESS}")
    )
    with raw_server(served.handle, served.certificate) as port:
        served.port = port
        yield served
