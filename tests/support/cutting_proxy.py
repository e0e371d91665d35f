"""A TCP proxy that cuts connections after some bytes have passed to the server."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

_CHUNK = 1 << 16


@dataclass
class CuttingProxy:
    """The proxy's port, and what it did.

    Attributes:
        cut_at: after how many bytes in total, to the server, the connection of then is cut.
        passed: the bytes that passed to the server.
        cuts: how many connections were cut.
    """

    upstream: int
    port: int = 0
    cut_at: list[int] = field(default_factory=list)
    passed: int = 0
    cuts: int = 0

    def serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.upstream)) as server:
            answers = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
            answers.start()
            while chunk := _received(client):
                self.passed += len(chunk)
                if self.cut_at and self.passed >= self.cut_at[0]:
                    self.cut_at.pop(0)
                    self.cuts += 1
                    server.sendall(chunk[: len(chunk) // 2])
                    break
                server.sendall(chunk)
            for each in (client, server):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            answers.join(10)


@contextlib.contextmanager
def cutting_proxy(upstream: int, *cut_at: int, host: str = "127.0.0.1") -> Iterator[CuttingProxy]:
    """Forward connections to a port of this machine.

    At another address of this machine the proxy has the server's own port, so that the server can
    know the address by name.
    """
    port = 0 if host == "127.0.0.1" else upstream
    with socket.create_server((host, port)) as listener:
        proxy = CuttingProxy(upstream, listener.getsockname()[1], list(cut_at))

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=proxy.serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(_CHUNK)
    except OSError:
        return b""


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
