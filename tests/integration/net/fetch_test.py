"""One GET over a real socket: where it goes, how long and how much it may take."""

import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from socket import socket
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from oduflow.net.fetch import FetchFailed, Request, Response, fetch
from tests.support.tls import make_certificate, raw_server

HOST = "api.example"
LOOPBACK = ip_address("127.0.0.1")
OK = b"HTTP/1.1 200 OK\r\n"


def read_request(connection: socket) -> bytes:
    """Read a request to its end: its head and its body may come in two parts."""
    received = connection.recv(4096)
    length = re.search(rb"Content-Length: (\d+)", received)
    while length and len(received.partition(b"\r\n\r\n")[2]) < int(length[1]):
        received += connection.recv(4096)
    return received


@contextmanager
def serving(answer: Callable[[socket], object], asked: list[bytes]) -> Iterator[int]:
    class RecordingHandler(BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(10)
            asked.append(read_request(self.request))
            with suppress(OSError):  # the client hung up, which is what some tests are about
                answer(self.request)

    ThreadingTCPServer.daemon_threads = True
    with ThreadingTCPServer(("127.0.0.1", 0), RecordingHandler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join(10)


def get(port: int, path: str = "/", *, seconds: float = 5, max_bytes: int = 100) -> Response:
    request = Request(f"http://{HOST}:{port}{path}", LOOPBACK, {"Accept": "x/y"})
    return fetch(request, max_bytes=max_bytes, deadline=time.monotonic() + seconds)


def test_the_given_address_is_asked_for_the_urls_host_and_no_proxy_is_used(monkeypatch):
    for name in ("http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    asked: list[bytes] = []
    answer = OK + b"X-Thing: 1\r\nContent-Length: 4\r\n\r\nbody and more"
    with serving(lambda connection: connection.sendall(answer), asked) as port:
        response = get(port, "//user?page=1")
    assert (response.status, response.headers["x-thing"], response.body) == (200, "1", b"body")
    head = asked[0].decode().split("\r\n")
    assert head[0] == "GET //user?page=1 HTTP/1.1"
    assert {f"Host: {HOST}:{port}", "Accept: x/y", "Connection: close"} <= set(head)


def test_a_host_header_replaces_the_urls():
    asked: list[bytes] = []
    with serving(lambda connection: connection.sendall(OK + b"\r\n"), asked) as port:
        request = Request(f"http://127.0.0.1:{port}/", LOOPBACK, {"Host": "sale.example"})
        fetch(request, max_bytes=1, deadline=time.monotonic() + 5)
    assert asked[0].count(b"\r\nHost: ") == asked[0].count(b"\r\nHost: sale.example\r\n") == 1


def test_a_redirect_is_a_response_like_any_other():
    asked: list[bytes] = []
    moved = b"HTTP/1.1 302 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    with serving(lambda connection: connection.sendall(moved), asked) as port:
        response = get(port)
    assert (response.status, response.headers["Location"], len(asked)) == (302, "/elsewhere", 1)


@pytest.mark.parametrize("head", [b"\r\n", b"Content-Length: 1000000\r\n\r\n"])
def test_a_body_is_read_up_to_one_byte_past_its_limit(head):
    with serving(lambda connection: _flood(connection, OK + head, b"x" * 9999), []) as port:
        assert get(port).body == b"x" * 101


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"", b"x" * 9999),
        (OK, b"X-Thing: " + b"x" * 999 + b"\r\n"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 9999 + b"\r\n \r\n"),
        (OK, b"X: y\r\n" * 999),
    ],
)
def test_more_bytes_than_a_head_and_a_body_have_are_refused(begin, more):
    with (
        serving(lambda connection: _flood(connection, begin, more), []) as port,
        pytest.raises(FetchFailed),
    ):
        get(port)


@pytest.mark.parametrize(
    "answer", [b"", b"220 mail\r\n", OK + b"Content-Length: 5\r\n\r\nbod", b"HTTP/1.1 x\r\n\r\n"]
)
def test_what_is_no_whole_http_response_is_refused(answer):
    with (
        serving(lambda connection: connection.sendall(answer), []) as port,
        pytest.raises(FetchFailed),
    ):
        get(port)


@pytest.mark.parametrize("begin", [b"", OK, OK + b"\r\n", OK + b"Content-Length: 90\r\n\r\n"])
def test_a_server_that_drips_or_hangs_is_given_up_at_the_deadline(begin):
    def drip(connection: socket) -> None:
        connection.sendall(begin)
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)

    for answer in (drip, lambda _connection: time.sleep(1)):
        begun = time.monotonic()
        with serving(answer, []) as port, pytest.raises(FetchFailed) as caught:
            get(port, seconds=0.3)
        assert isinstance(caught.value.__cause__, TimeoutError)
        assert time.monotonic() - begun < 2


def test_a_deadline_that_has_passed_makes_no_connection():
    asked: list[bytes] = []
    with serving(lambda _connection: None, asked) as port, pytest.raises(FetchFailed):
        get(port, seconds=-1)
    assert asked == []


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "\u20ac"])
def test_a_header_that_would_begin_another_is_not_sent(value):
    asked: list[bytes] = []
    with serving(lambda _connection: None, asked) as port:
        request = Request(f"http://{HOST}:{port}/", LOOPBACK, {"Authorization": value})
        with pytest.raises(FetchFailed):
            fetch(request, max_bytes=1, deadline=time.monotonic() + 5)
    assert b"".join(asked) == b""


def test_the_certificate_must_be_the_urls_hosts(tmp_path: Path):
    certificate = make_certificate(tmp_path, f"DNS:{HOST}")
    with raw_server(_answer_ok, certificate) as port:
        context = ssl.create_default_context(cafile=str(certificate.file))
        request = Request(f"https://{HOST}:{port}/", LOOPBACK)
        deadline = time.monotonic() + 5
        assert fetch(request, max_bytes=1, deadline=deadline, context=context).status == 200


@pytest.mark.parametrize(("name", "is_authority"), [("other.example", True), (HOST, False)])
def test_a_certificate_of_another_host_or_authority_is_not_trusted(
    tmp_path: Path, name: str, *, is_authority: bool
):
    certificate = make_certificate(tmp_path, f"DNS:{name}", "IP:127.0.0.1")
    context = ssl.create_default_context(cafile=str(certificate.file)) if is_authority else None
    with raw_server(_answer_ok, certificate) as port:
        request = Request(f"https://{HOST}:{port}/", LOOPBACK)
        with pytest.raises(FetchFailed) as caught:
            fetch(request, max_bytes=1, deadline=time.monotonic() + 5, context=context)
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


def _answer_ok(connection: ssl.SSLSocket) -> None:
    connection.recv(4096)
    connection.sendall(OK + b"\r\n")


def _flood(connection: socket, begin: bytes, more: bytes) -> None:
    connection.sendall(begin)
    while True:
        connection.sendall(more)


def test_another_method_is_sent_with_its_body():
    asked: list[bytes] = []
    with serving(
        lambda connection: connection.sendall(OK + b"Content-Length: 0\r\n\r\n"), asked
    ) as port:
        url = f"http://{HOST}:{port}/x"
        request = Request(url, LOOPBACK, {"Content-Type": "a/b"}, "PUT", b"body")
        fetch(request, max_bytes=1, deadline=time.monotonic() + 5)
        head = Request(url, LOOPBACK, {}, "HEAD")
        assert fetch(head, max_bytes=1, deadline=time.monotonic() + 5).status == 200
    first, second = asked
    assert first.startswith(b"PUT /x HTTP/1.1\r\n")
    assert b"\r\nContent-Length: 4\r\n" in first
    assert first.endswith(b"\r\n\r\nbody")
    assert second.startswith(b"HEAD /x HTTP/1.1\r\n")
