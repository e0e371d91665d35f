"""A minimal reverse proxy: it appends its client to `X-Forwarded-For` and forwards requests."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEADER = "X-Forwarded-For"


@contextlib.contextmanager
def hop(upstream: int) -> Iterator[int]:
    """Forward requests to a port of this machine; yield the proxy's port."""

    class ForwardingHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = [self.headers[HEADER]] if HEADER in self.headers else []
            headers = dict(self.headers) | {HEADER: ", ".join([*known, self.client_address[0]])}
            connection = http.client.HTTPConnection("127.0.0.1", upstream, timeout=30)
            with contextlib.closing(connection):
                connection.request("GET", self.path, headers=headers)
                answer = connection.getresponse()
                body = answer.read()
            self.send_response(answer.status)
            for name in ("Retry-After", "WWW-Authenticate"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Do not log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), ForwardingHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
