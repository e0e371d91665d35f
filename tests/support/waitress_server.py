"""An application under waitress, in a thread, on a free loopback port."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waitress.server import create_server

THREADS = 32
LOOK_SECONDS = 0.05


@dataclass
class WaitressServer:
    """The server's port, and its application."""

    port: int
    app: WSGIApplication

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start)


@contextmanager
def waitress_server(
    make_app: Callable[[int], WSGIApplication],
    *,
    threads: int = THREADS,
    listener: socket.socket | None = None,
    prepare: Callable[[Any], None] = lambda _server: None,
    **options: Any,
) -> Iterator[WaitressServer]:
    """Serve `make_app(port)`: an application knows its port, as its settings name it.

    `prepare` gets the server before it accepts a connection; `options` are options of waitress.
    """
    running = WaitressServer(0, lambda _environ, _start: [])
    server: Any = create_server(
        running,
        sockets=[listener or socket.create_server(("127.0.0.1", 0))],
        threads=threads,
        channel_request_lookahead=1,
        **options,
    )
    prepare(server)
    running.port = server.effective_port
    running.app = make_app(running.port)
    ending = threading.Event()
    thread = threading.Thread(target=_serve, args=(server, ending), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        ending.set()
        thread.join(10)
        assert not thread.is_alive()


def _serve(server: Any, ending: threading.Event) -> None:
    """Run the server's loop until the end; its own `run` ends only with the process."""
    try:
        while not ending.is_set():
            poll = server.adj.asyncore_use_poll
            server.asyncore.loop(timeout=LOOK_SECONDS, map=server._map, count=1, use_poll=poll)
    finally:
        server.task_dispatcher.shutdown(cancel_pending=True, timeout=5)
        server.close()
        server.asyncore.close_all(server._map, ignore_all=True)
