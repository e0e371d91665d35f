"""Self-signed certificates, and servers that use them."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingTCPServer
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from threading import Thread


@dataclass(frozen=True)
class Certificate:
    """A certificate for some names, trusted by clients that load its file."""

    file: Path
    key: Path

    def server_context(self) -> SSLContext:
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


def make_certificate(folder: Path, *names: str) -> Certificate:
    """Make a certificate; a name is `DNS:…` or `IP:…`."""
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test"
    names_given = ("-addext", f"subjectAltName={','.join(names)}")
    files = ("-keyout", str(made.key), "-out", str(made.file))
    subprocess.run(
        ["openssl", *words.split(), *names_given, *files],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return made


@contextmanager
def raw_server(handle: Callable[..., object], certificate: Certificate) -> Iterator[int]:
    """Serve TLS on a free port of loopback; `handle(connection)` serves each connection."""
    context = certificate.server_context()

    class TlsServer(ThreadingTCPServer):
        daemon_threads = True

        def finish_request(self, request: object, client_address: object) -> None:
            try:
                with context.wrap_socket(request, server_side=True) as connection:  # type: ignore[arg-type]
                    connection.settimeout(10)
                    handle(connection)
            except OSError:
                pass  # the client hung up, which is what some tests are about

    with TlsServer(("127.0.0.1", 0), None) as server:  # type: ignore[arg-type]
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join(10)


def tls_in_front(port: int, certificate: Certificate) -> AbstractContextManager[int]:
    """Terminate TLS on a free loopback port in front of a plain server's port."""

    def handle(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:
            answers = Thread(target=_pass_on, args=(server, client), daemon=True)
            answers.start()
            _pass_on(client, server)
            answers.join(10)

    return raw_server(handle, certificate)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
