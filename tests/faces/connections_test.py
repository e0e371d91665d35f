"""Idle connections do not block the server and are closed; running requests are not."""

import fcntl
import resource
import socket
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import requests

from oduflow.cli import connections
from oduflow.cli.connections import limit_connections
from oduflow.cli.serve import MAX_CONNECTIONS, connection_options, raise_descriptor_limit
from tests.support.waitress_server import waitress_server

IDLE = 150
SILENT_SECONDS = 3.0
BRIEF = {"channel_timeout": 1, "cleanup_interval": 1}
ABOVE_SELECT = 1100


def test_idle_connections_keep_no_client_out():
    with serving() as server, ExitStack() as opened:
        for _ in range(IDLE):
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port)))

        assert requests.get(server.url, timeout=5).text == "beginend"


def test_an_idle_connection_is_closed_and_a_silent_answer_is_not():
    with (
        serving(**BRIEF) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as idle,
    ):
        told = requests.get(f"{server.url}/silent", timeout=30)
        closed = idle.recv(1)

    assert told.text == "beginend"
    assert closed == b""


def test_descriptors_beyond_those_of_select_are_served():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    raise_descriptor_limit()
    try:
        with socket.create_server(("127.0.0.1", 0)) as low:
            high = socket.socket(fileno=fcntl.fcntl(low.fileno(), fcntl.F_DUPFD, ABOVE_SELECT))
        with serving(listener=high) as server:
            assert requests.get(server.url, timeout=5).text == "beginend"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(("descriptors", "connections"), [(1 << 20, MAX_CONNECTIONS), (1024, 512)])
def test_connections_leave_descriptors_for_the_work(descriptors, connections):
    assert connection_options(descriptors)["connection_limit"] == connections


@pytest.mark.thorough
@pytest.mark.parametrize("proxies", [0, 1])
def test_one_address_with_many_silent_connections_loses_the_oldest(proxies, monkeypatch):
    monkeypatch.setattr(connections, "MOST_OF_A_NETWORK", 20)
    with serving(trusted_proxies=proxies) as server, ExitStack() as opened:
        silent = [
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=0.5))
            for _ in range(30)
        ]

        told = requests.get(server.url, timeout=5).text
        closed = [each for each in silent if is_closed(each)]

    assert told == "beginend"
    assert closed == ([] if proxies else silent[: len(closed)])
    assert len(closed) == (0 if proxies else 11)


@pytest.mark.thorough
def test_several_addresses_that_fill_the_server_make_room_for_another(monkeypatch):
    monkeypatch.setattr(connections, "FREE_PLACES", 5)
    begun = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "
    with serving(connection_limit=30) as server, ExitStack() as opened:
        held = []
        for number in range(40):
            source = (f"127.0.0.{2 + number % 4}", 0)
            held.append(
                opened.enter_context(
                    socket.create_connection(("127.0.0.1", server.port), 0.5, source)
                )
            )
            held[-1].sendall(begun)

        assert requests.get(server.url, timeout=5).text == "beginend"
        assert len([each for each in held if is_closed(each)]) >= 10


def test_a_connection_with_a_request_in_progress_is_not_closed_for_another(monkeypatch):
    monkeypatch.setattr(connections, "MOST_OF_A_NETWORK", 1)
    with serving() as server, ThreadPoolExecutor(1) as pool:
        waits = pool.submit(requests.get, f"{server.url}/silent", timeout=30)
        time.sleep(0.5)
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as second:
            assert is_closed(second)

        assert waits.result().text == "beginend"


def test_a_client_whose_request_was_one_too_many_is_read_again_later_and_others_at_once(
    monkeypatch,
):
    monkeypatch.setattr(connections, "PAUSE_SECONDS", 0.5)
    with serving() as server, requests.Session() as eager, requests.Session() as other:
        assert requests.get(server.url, timeout=5).text == "beginend"
        assert eager.get(f"{server.url}/many", timeout=5).status_code == 429
        begun = time.monotonic()
        assert other.get(server.url, timeout=5).text == "beginend"
        others = time.monotonic() - begun
        assert eager.get(server.url, timeout=5).text == "beginend"
        own = time.monotonic() - begun

    assert own >= 0.4
    assert others < own


def test_a_connection_of_a_proxy_is_not_paused_as_it_has_the_requests_of_many(monkeypatch):
    monkeypatch.setattr(connections, "PAUSE_SECONDS", 60.0)
    with serving(trusted_proxies=1) as server, requests.Session() as proxy:
        assert proxy.get(f"{server.url}/many", timeout=5).status_code == 429
        assert proxy.get(server.url, timeout=5).text == "beginend"


def test_a_request_with_two_lengths_is_refused_and_its_connection_closed():
    with serving() as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(5)
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        told = b""
        while chunk := client.recv(65536):
            told += chunk

    assert told.startswith(b"HTTP/1.1 400 ")
    assert told.count(b"HTTP/1.1") == 1


def is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False


def serving(trusted_proxies: int = 0, **options: Any) -> Any:
    return waitress_server(
        lambda _port: answer,
        prepare=partial(limit_connections, trusted_proxies=trusted_proxies),
        **{**connection_options(1 << 20), **options},
    )


def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/many":  # of a known length, so that the connection stays open
        start("429 Too Many Requests", [("Content-Length", "0")])
        return []
    start("200 OK", [("Content-Type", "text/plain")])
    return halves(SILENT_SECONDS if environ["PATH_INFO"] == "/silent" else 0)


def halves(pause: float) -> Iterator[bytes]:
    yield b"begin"
    time.sleep(pause)
    yield b"end"
