import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from oduflow.adapters.odoo.web import login_page
from oduflow.domain.odoo_log import READINESS_PATH
from oduflow.domain.plan import ODOO_PORT
from oduflow.domain.readiness import PageAnswer

# Odoo's port is fixed, so the stand-in of each test process has a loopback address of its own.
ADDRESS = f"127.88.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"


@pytest.mark.parametrize("status", [200, 404, 500, 503])
def test_the_login_pages_status_is_answered(status):
    with http_server(status) as seen:
        assert login_page(ADDRESS) == PageAnswer(status)

    assert seen == [("GET", READINESS_PATH, "localhost")]


def test_a_redirect_is_not_followed():
    with http_server(303, Location="http://127.0.0.1:1/elsewhere") as seen:
        assert login_page(ADDRESS) == PageAnswer(303, "http://127.0.0.1:1/elsewhere")

    assert len(seen) == 1


def test_a_reverse_proxys_host_name_can_be_asked_for():
    with http_server(200) as seen:
        login_page(ADDRESS, host="sale.example.com")

    assert seen[0][2] == "sale.example.com"


def test_while_nothing_listens_there_is_no_status():
    assert login_page(ADDRESS) is None


@pytest.mark.parametrize("answer", [b"", b"220 mail.example.com\r\n", b"HTTP/1.1 \r\n", b"\0" * 99])
def test_what_is_no_http_answer_is_none(answer):
    with raw_server(lambda connection: connection.sendall(answer)):
        assert login_page(ADDRESS) is None


def test_a_body_without_end_is_read_up_to_its_limit():
    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with raw_server(pour):
        assert login_page(ADDRESS) == PageAnswer(200)


def test_an_odoo_that_drips_keeps_no_caller_longer_than_the_limit():
    def drip(connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    began = time.monotonic()
    with raw_server(drip):
        assert login_page(ADDRESS, seconds=0.5) is None

    assert time.monotonic() - began < 2


def test_an_odoo_that_accepts_and_says_nothing_keeps_no_caller_longer():
    over = threading.Event()

    with raw_server(lambda _connection: over.wait(5)):
        assert login_page(ADDRESS, seconds=0.3) is None
        over.set()


@contextmanager
def http_server(status: int, **headers: str) -> Iterator[list[tuple[str, str, str]]]:
    seen: list[tuple[str, str, str]] = []

    class AnsweringHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.command, self.path, self.headers["Host"]))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"a page")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer((ADDRESS, ODOO_PORT), AnsweringHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def raw_server(act: Callable[[socket.socket], object]) -> Iterator[None]:
    listener = socket.create_server((ADDRESS, ODOO_PORT))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            try:
                act(connection)
            except OSError:
                return  # hung up on: what the test is about

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join(10)
        listener.close()
