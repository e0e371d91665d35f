"""SIGTERM under each server that people use: what was begun is answered, nothing else begins."""

import contextlib
import http.client
import json
import signal
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import requests

from tests.integration.web.servers_test import SERVERS, wait_for
from tests.support.fakes import BLUE_PASSWORD, ONE_TEAM, basic
from tests.support.forked import PATH_ONLY, Command, Forked, oduflow
from tests.support.mcp_world import McpWorld
from tests.support.ports import free_port
from tests.support.server import eventually

pytestmark = pytest.mark.timeout(120)

SECONDS = 15.0
UNAVAILABLE = 503
AUTH = ("admin", BLUE_PASSWORD)
COMMANDS = {
    "oduflow": ("oduflow", "serve"),
    **{name: (*command, "wsgi:application") for name, command in SERVERS.items()},
}


@dataclass
class Running:
    """A server process, and a git server that keeps its clients waiting."""

    url: str
    config: Path
    log: Path
    process: Forked
    git: "SlowGit"

    def ask_git(self) -> requests.Response:
        """Call what lasts until the git server answers."""
        url = f"http://me:a-token@{self.git.authority}/owner/repository.git"
        return requests.post(
            f"{self.url}/api/credentials/add", json={"repo_url": url}, auth=AUTH, timeout=SECONDS
        )

    def look(self) -> int:
        return requests.get(f"{self.url}/api/environments", auth=AUTH, timeout=SECONDS).status_code

    def audit(self) -> list[dict[str, Any]]:
        """Answer the audit trail, once `oduflow audit verify` finds it whole."""
        verified = oduflow("audit", "verify", "--config", str(self.config))
        assert verified.returncode == 0, verified.stderr
        store = sqlite3.connect(self.config.parent / "data" / "oduflow.db")
        with contextlib.closing(store):
            rows = store.execute("SELECT canonical FROM audit ORDER BY number").fetchall()
        return [json.loads(row) for (row,) in rows]


class SlowGit:
    """Takes connections and answers them with 404, once it may."""

    def __init__(self) -> None:
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.authority = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Answer the waiting requests, and accept no more."""
        self.may_answer.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                self._answer()

    def _answer(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.recv(65_536)
            self.asked.set()
            self.may_answer.wait(60)
            with contextlib.suppress(OSError):  # its client has left
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def test_sigterm_lets_calls_in_flight_finish_and_refuses_new_work(running: Running) -> None:
    kept = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=SECONDS)
    with contextlib.closing(kept), ThreadPoolExecutor() as threads:
        answered = begun(running, threads)
        kept.request("GET", "/healthz")
        assert kept.getresponse().read()

        running.process.send_signal(signal.SIGTERM)

        eventually(lambda: "stopping: no new work" in running.log.read_text(), SECONDS)
        assert refused(kept)
        running.git.may_answer.set()
        answer = answered.result(SECONDS)
        assert answer.status_code == 422, answer.text
        assert answer.json()["kind"] == "invalid"
    assert running.process.wait(SECONDS) == 0
    (row,) = (row for row in running.audit() if row["operation"] == "setup_repo_auth")
    assert row["outcome"] == "invalid"


def test_sigterm_ends_an_open_stream(running: Running) -> None:
    url = f"{running.url}/mcp"
    with (
        McpWorld(cast("Any", None), url).session() as session,
        session.get(url, stream=True, timeout=SECONDS) as stream,
    ):
        assert stream.status_code == 200
        running.process.send_signal(signal.SIGTERM)
        for _ in stream.iter_content(None):
            pass
    assert running.process.wait(SECONDS) == 0


def test_sigterm_loses_nothing_that_was_counted(running: Running) -> None:
    assert [running.look() for _ in range(3)] == [200] * 3
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(SECONDS) == 0
    listed = [row["count"] for row in running.audit() if row["operation"] == "list_environments"]
    assert sum(listed) == 3


def begun(running: Running, threads: ThreadPoolExecutor) -> "Future[requests.Response]":
    """Begin a call, and wait until the server works on it."""
    answered = threads.submit(running.ask_git)
    assert running.git.asked.wait(SECONDS), running.log.read_text()
    return answered


def refused(kept: http.client.HTTPConnection) -> bool:
    """Whether new work is refused, over a connection that was there before the signal."""
    headers = {"Content-Type": "application/json", **basic(BLUE_PASSWORD)}
    try:
        kept.request("POST", "/api/environments", b'{"name": "new"}', headers)
        answer = kept.getresponse()
    except (ConnectionError, http.client.HTTPException):
        return True
    return answer.status == UNAVAILABLE and "shutting down" in answer.read().decode()


@pytest.fixture(params=COMMANDS)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    port, git = free_port(), SlowGit()
    config, log = tmp_path / "oduflow.toml", tmp_path / "log"
    config.write_text(
        f'[server]\ninstance = "test-web"\nport = {port}\ndata_dir = "data"\n'
        f'git_allowed_hosts = ["{git.authority}"]\n{ONE_TEAM}'
    )
    config.chmod(0o600)
    words = [word.format(address=f"127.0.0.1:{port}") for word in COMMANDS[request.param]]
    environ = {"ODUFLOW_CONFIG": str(config), **PATH_ONLY}
    module, *options = words
    process = Forked(Command(tuple(options), environ, module, without_engine=True), log, log)
    try:
        wait_for(port, process)
        yield Running(f"http://127.0.0.1:{port}", config, log, process, git)
    finally:
        process.kill()
        process.wait(SECONDS)
        git.close()
