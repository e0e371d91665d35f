"""The application under the WSGI servers that people use, spoken to byte by byte."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.fakes import BLUE_PASSWORD, ONE_TEAM, OPEN, basic
from tests.support.forked import PATH_ONLY, Command, Forked
from tests.support.ports import free_port

PATIENCE_SECONDS = 30.0
SERVERS = {
    "gunicorn": (
        "gunicorn",
        "--worker-class=gthread",
        "--threads=4",
        "--no-control-socket",
        "--bind={address}",
    ),
    "waitress": ("waitress", "--no-clear-untrusted-proxy-headers", "--listen={address}"),
}
PASSWORD = f"Authorization: {basic(BLUE_PASSWORD)['Authorization']}"


@dataclass
class ListeningServer:
    """A server that listens, in a process of its own."""

    port: int
    log: Path

    @property
    def host(self) -> str:
        return f"Host: 127.0.0.1:{self.port}"

    def ask(self, path: str, *headers: str) -> tuple[int, str]:
        """Send a GET with these header lines and no others; answer status and text."""
        lines = (f"GET {path} HTTP/1.1", *headers, "Connection: close", "", "")
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS) as connection:
            connection.sendall("\r\n".join(lines).encode())
            text = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
        return int(text.split(" ", 2)[1]), text


def test_every_wsgi_server_serves(closed):
    assert closed.ask("/healthz", closed.host)[0] == 200
    assert closed.ask("/api/openapi.json", closed.host, PASSWORD)[0] == 200
    assert closed.ask("/api/openapi.json", closed.host)[0] == 401


def test_every_wsgi_server_says_at_the_start_who_may_sign_in(opened):
    assert opened.ask("/healthz", opened.host)[0] == 200  # gunicorn loads us after it listens
    team = f"[team.1] http://localhost:{opened.port}/ (MCP token OFF, OAuth OFF, UI auth OFF)"
    assert f"INFO  {team}\n" in opened.log.read_text()
    assert "\nWARNING [team.1] MCP runs without authentication" in opened.log.read_text()


def test_two_host_headers_are_400(closed):
    assert closed.ask("/healthz", closed.host, closed.host)[0] == 400
    assert closed.ask("/healthz", closed.host, "Host: evil.example")[0] == 400
    assert closed.ask("/healthz", "Host: evil.example", closed.host)[0] == 400


def test_two_authorization_headers_are_400(closed):
    path = "/api/openapi.json"
    assert closed.ask(path, closed.host, PASSWORD, PASSWORD)[0] == 400
    assert closed.ask(path, closed.host, PASSWORD, "Authorization: Bearer x")[0] == 400
    assert closed.ask(path, closed.host, "Authorization:", PASSWORD)[0] == 400


def test_an_unknown_host_is_421_and_none_at_all_400(closed):
    assert closed.ask("/healthz", "Host: evil.example")[0] == 421
    assert closed.ask("/healthz", "Host: localhost")[0] == 421
    assert closed.ask("/healthz")[0] == 400


def test_the_host_of_an_absolute_target_is_no_way_around(closed):
    assert closed.ask(f"http://127.0.0.1:{closed.port}/healthz", "Host: evil.example")[0] == 421


def test_a_doubled_slash_in_front_is_nothing_of_ours(closed):
    for path in ("//api/openapi.json", "///api/openapi.json", "//mcp", "//healthz", "//"):
        assert closed.ask(path, closed.host, PASSWORD)[0] == 404
        absolute = f"http://127.0.0.1:{closed.port}{path}"
        assert closed.ask(absolute, closed.host, PASSWORD)[0] == 404


def test_no_path_below_api_or_mcp_is_redirected_or_leads_elsewhere(closed):
    for path in ("/api/", "/api/%2e%2e", "/api/../mcp", "/mcp/", "/mcp/..", "/mcp;x", "/api;x/"):
        status, text = closed.ask(path, closed.host, PASSWORD)
        assert status in {401, 404}, path
        assert "Location:" not in text


def test_no_traceback_and_no_server_name_leaves(closed):
    status, text = closed.ask("/api/nowhere", closed.host)
    assert status == 404
    assert "Traceback" not in text
    assert "Content-Security-Policy" in text


def test_an_open_team_lets_in_this_machine_but_no_client_of_a_proxy_on_it(opened):
    path = "/api/openapi.json"
    assert opened.ask(path, opened.host)[0] == 200
    for header in ("X-Forwarded-For: 8.8.8.8", "Forwarded: for=8.8.8.8", "Via: 1.1 proxy"):
        assert opened.ask(path, opened.host, header)[0] == 401


@pytest.fixture(scope="module", params=SERVERS)
def closed(request, tmp_path_factory) -> Iterator[ListeningServer]:
    yield from served(SERVERS[request.param], tmp_path_factory.mktemp("closed"), ONE_TEAM)


@pytest.fixture(scope="module", params=SERVERS)
def opened(request, tmp_path_factory) -> Iterator[ListeningServer]:
    yield from served(SERVERS[request.param], tmp_path_factory.mktemp("opened"), OPEN)


def served(command: tuple[str, ...], folder: Path, toml: str) -> Iterator[ListeningServer]:
    port = free_port()
    config = folder / "oduflow.toml"
    config.write_text(f'[server]\ninstance = "test-web"\nport = {port}\ndata_dir = "data"\n{toml}')
    words = [word.format(address=f"127.0.0.1:{port}") for word in command]
    log = folder / "log"
    environ = {"ODUFLOW_CONFIG": str(config), **PATH_ONLY}
    module, *options = words
    served_by = Command((*options, "wsgi:application"), environ, module, without_engine=True)
    process = Forked(served_by, log, log)
    try:
        wait_for(port, process)
        yield ListeningServer(port, log)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def wait_for(port: int, process: Forked) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not come up")
