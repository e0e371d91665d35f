"""Idle connections do not block the server and are closed; running requests are not."""

import fcntl
import resource
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import requests

from oduflow.cli.serve import MAX_CONNECTIONS, connection_options, raise_descriptor_limit
from tests.support.waitress_server import waitress_server

IDLE = 150
SILENT_SECONDS = 3.0
BRIEF = {"channel_timeout": 1, "cleanup_interval": 1}
ABOVE_SELECT = 1100


def test_idle_connections_keep_nobody_out():
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


def serving(**options: Any) -> Any:
    return waitress_server(lambda _port: answer, **{**connection_options(1 << 20), **options})


def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return halves(SILENT_SECONDS if environ["PATH_INFO"] == "/silent" else 0)


def halves(pause: float) -> Iterator[bytes]:
    yield b"begin"
    time.sleep(pause)
    yield b"end"
