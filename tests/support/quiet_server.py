"""The real `oduflow serve` as a separate process, without Docker.

For tests of the web layer. Any address of 127.0.0.0/8 can be a client's.
"""

import contextlib
import http.client
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.forked import PATH_ONLY, Command, Forked, run
from tests.support.ports import free_port
from tests.support.server import eventually

START_SECONDS = 60.0
SELF = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: http.client.HTTPMessage
    text: str


@dataclass
class QuietServer:
    """The server's address, process and files."""

    port: int
    config: Path
    process: Forked

    @property
    def log(self) -> str:
        return self.config.with_name("serve.log").read_text()

    def ask(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        source: str = SELF,
        port: int = 0,
        method: str = "GET",
    ) -> Answer:
        """Send a request from an address of this machine, directly or through a proxy's port."""
        connection = http.client.HTTPConnection(
            SELF, port or self.port, timeout=30, source_address=(source, 0)
        )
        with contextlib.closing(connection):
            host = {"Host": f"{SELF}:{self.port}"}
            connection.request(method, path, headers={**host, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode())

    def doctor(self) -> str:
        """Return the output of `oduflow doctor` in a separate process."""
        words = ("doctor", "--config", str(self.config))
        return run(Command(words, PATH_ONLY, without_engine=True)).stdout


@contextlib.contextmanager
def quiet_server(folder: Path, toml: str, server: str = "") -> Iterator[QuietServer]:
    """Serve a configuration; `server` are more lines of its `[server]`, which may say {port}."""
    port = free_port()
    config = folder / "oduflow.toml"
    head = f'[server]\ninstance = "test-quiet"\nport = {port}\ndata_dir = "data"\n'
    # A block that brings its own [server] goes on where ours ends.
    text = (
        toml.replace("[server]\n", head)
        if "[server]\n" in toml
        else f"{head}{server.format(port=port)}\n{toml}"
    )
    config.write_text(text)
    config.chmod(0o600)
    log = config.with_name("serve.log")
    words = ("serve", "--config", str(config))
    process = Forked(Command(words, PATH_ONLY, without_engine=True), log, log)
    started = QuietServer(port, config, process)
    try:
        eventually(lambda: _answers(started), START_SECONDS, lambda: started.log)
        yield started
    finally:
        process.kill()
        process.wait(10)


def _answers(server: QuietServer) -> bool:
    assert server.process.poll() is None, server.log
    try:
        return server.ask("/healthz").status == 200
    except OSError:
        return False
