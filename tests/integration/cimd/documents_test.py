"""A client's metadata over real TLS, from a scripted server on loopback."""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from oduflow.adapters.cimd.documents import DocumentFetcher
from oduflow.domain.client_documents import MAX_BYTES, ClientDocument
from oduflow.net.addresses import IPAddress
from tests.contract.suites.web import ClientDocumentsContract
from tests.support.addresses import resolving
from tests.support.tls import Certificate, make_certificate, raw_server

HOST = "client.example"
Tell = Callable[[ssl.SSLSocket], None]


@dataclass
class Vendor:
    """The server of the metadata.

    Attributes:
        asked: the first line and the host of every request.
        tell: path → what is done with the connection then.
        resolved: the hosts that were looked up.
    """

    certificate: Certificate
    port: int = 0
    asked: list[str] = field(default_factory=list)
    tell: dict[str, Tell] = field(default_factory=dict)
    resolved: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/metadata.json"

    def says(self, path: str = "/metadata.json", **more: object) -> None:
        self.tell[path] = answering(self.document(**more))

    def document(self, **more: object) -> bytes:
        said = {
            "client_id": self.url,
            "client_name": "A client",
            "redirect_uris": ["http://127.0.0.1/cb"],
        }
        return json.dumps({**said, **more}).encode()

    def moved(self, path: str, target: str, status: int = 302) -> None:
        self.tell[path] = answering(b"", status=f"{status} Moved", more=f"Location: {target}\r\n")

    def documents(self, *, limit_seconds: float = 5) -> DocumentFetcher:
        def resolve(host: str, _deadline: float) -> tuple[IPAddress, ...]:
            self.resolved.append(host)
            return (ip_address("10.0.0.1" if host == "inside.example" else "127.0.0.1"),)

        return DocumentFetcher(
            resolve=resolve,
            allow=lambda address: address.is_loopback,
            context=ssl.create_default_context(cafile=str(self.certificate.file)),
            limit_seconds=limit_seconds,
        )

    def handle(self, connection: ssl.SSLSocket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        lines = head.decode().split("\r\n")
        self.asked.append(lines[0])
        assert f"Host: {HOST}:{self.port}" in lines
        self.tell[lines[0].split(" ")[1]](connection)


def answering(
    body: bytes, *, status: str = "200 OK", kind: str = "application/json", more: str = ""
) -> Tell:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Connection: close\r\n\r\n"
    return lambda connection: connection.sendall(head.encode() + body)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), f"DNS:{HOST}", "DNS:inside.example")


@pytest.fixture
def vendor(certificate: Certificate) -> Iterator[Vendor]:
    made = Vendor(certificate)
    with raw_server(made.handle, certificate) as port:
        made.port = port
        made.says()
        yield made


class TestDocumentFetcher(ClientDocumentsContract):
    """Documents from a server; tests/contract/web_test.py has the other half."""

    @pytest.fixture
    def documents(self, vendor: Vendor) -> DocumentFetcher:
        vendor.tell["/missing.json"] = answering(b"", status="404 Not Found")
        return vendor.documents()

    @pytest.fixture
    def client(self, vendor: Vendor) -> str:
        return vendor.url

    @pytest.fixture
    def missing(self, vendor: Vendor) -> str:
        return vendor.url.replace("metadata", "missing")


def test_a_client_is_found_and_asked_for_once(vendor: Vendor):
    documents = vendor.documents()
    expected = ClientDocument(vendor.url, "A client", ("http://127.0.0.1/cb",))
    assert [documents.find(vendor.url) for _ in range(3)] == [expected] * 3
    assert vendor.asked == ["GET /metadata.json HTTP/1.1"]


def test_a_chunked_document_is_read_too(vendor: Vendor):
    body = vendor.document()
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    vendor.tell["/metadata.json"] = answering(chunked, more="Transfer-Encoding: chunked\r\n")
    assert vendor.documents().find(vendor.url)


def test_a_servers_own_kind_of_json_is_read_too(vendor: Vendor):
    vendor.tell["/metadata.json"] = answering(
        vendor.document(), kind="application/client-metadata+json; charset=utf-8"
    )
    assert vendor.documents().find(vendor.url)


def test_one_redirect_is_followed_and_checked_like_the_first_address(vendor: Vendor):
    vendor.moved("/metadata.json", "/elsewhere")
    vendor.says("/elsewhere")
    assert vendor.documents().find(vendor.url)
    assert vendor.resolved == [HOST, HOST]


def test_a_second_redirect_is_not_followed(vendor: Vendor):
    vendor.moved("/metadata.json", "/a")
    vendor.moved("/a", "/b")
    vendor.says("/b")
    assert vendor.documents().find(vendor.url) is None
    assert vendor.asked == ["GET /metadata.json HTTP/1.1", "GET /a HTTP/1.1"]


@pytest.mark.parametrize(
    "target",
    [
        "http://client.example:{port}/elsewhere",
        "https://inside.example:{port}/elsewhere",
        "https://127.0.0.1:{port}/elsewhere",
        "https://127.1:{port}/elsewhere",
        "https://2130706433:{port}/elsewhere",
        "https://[::1]:{port}/elsewhere",
        "https://me@client.example:{port}/elsewhere",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_redirect_into_our_own_network_or_off_https_is_not_followed(vendor: Vendor, target: str):
    vendor.says("/elsewhere")
    vendor.moved("/metadata.json", target.format(port=vendor.port))
    assert vendor.documents().find(vendor.url) is None
    assert [line for line in vendor.asked if "elsewhere" in line] == []


@pytest.mark.parametrize(
    "more",
    [
        {"client_id": "https://client.example/metadata.json"},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"client_secret": "x"},
        {"client_name": "a" * MAX_BYTES},
    ],
)
def test_a_document_that_breaks_a_rule_is_no_client(vendor: Vendor, more: dict[str, Any]):
    vendor.says(**more)
    assert vendor.documents().find(vendor.url) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("200 OK", "text/html"),
        ("200 OK", "text/json"),
        ("404 Not Found", "application/json"),
        ("500 Oops", "application/json"),
        ("206 Partial Content", "application/json"),
    ],
)
def test_only_a_200_of_json_is_a_client(vendor: Vendor, status: str, kind: str):
    vendor.tell["/metadata.json"] = answering(vendor.document(), status=status, kind=kind)
    assert vendor.documents().find(vendor.url) is None


def test_a_compressed_bomb_is_no_client(vendor: Vendor):
    vendor.tell["/metadata.json"] = answering(
        b"\x1f\x8b" + bytes(2000), more="Content-Encoding: gzip\r\n"
    )
    assert vendor.documents().find(vendor.url) is None


def test_a_flood_is_cut_off(vendor: Vendor):
    sent: list[int] = []

    def flood(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)
            sent.append(65536)

    vendor.tell["/metadata.json"] = flood
    begun = time.monotonic()
    assert vendor.documents().find(vendor.url) is None
    assert time.monotonic() - begun < 3
    assert sum(sent) < 32 << 20


@pytest.mark.parametrize(
    "begin", [b"", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"]
)
def test_a_slow_drip_ends_within_the_limit_and_leaves_no_thread(vendor: Vendor, begin: bytes):
    ended: list[bool] = []

    def drip(connection: ssl.SSLSocket) -> None:
        try:
            connection.sendall(begin)
            for _ in range(200):
                connection.sendall(b" ")
                time.sleep(0.05)
        except OSError:
            ended.append(True)

    vendor.tell["/metadata.json"] = drip
    documents = vendor.documents(limit_seconds=0.5)
    begun = time.monotonic()
    assert documents.find(vendor.url) is None
    assert time.monotonic() - begun < 2
    vendor.says("/other", client_id=vendor.url.replace("metadata.json", "other"))
    for _ in range(40):  # the search hangs up by itself, and its place is free again
        if ended and documents.find(vendor.url.replace("metadata.json", "other")):
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the search still listens")


def test_a_certificate_of_another_host_is_not_trusted(tmp_path: Path, vendor: Vendor):
    other = make_certificate(tmp_path, "DNS:other.example", "IP:127.0.0.1")
    with raw_server(vendor.handle, other) as port:
        vendor.port, vendor.certificate = port, other
        vendor.says()
        assert vendor.documents().find(vendor.url) is None
    assert vendor.asked == []


def test_a_certificate_of_an_unknown_authority_is_not_trusted(vendor: Vendor):
    documents = DocumentFetcher(resolving("127.0.0.1"), allow=lambda _: True)
    assert documents.find(vendor.url) is None
    assert vendor.asked == []


def test_the_host_is_not_resolved_again_after_it_was_checked(vendor: Vendor):
    assert vendor.documents().find(vendor.url)
    assert vendor.resolved == [HOST]
