"""Every failure of a remote call has a message, a next step and an exit code."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from mcp.server.lowlevel import Server

from oduflow.blueprints.mcp.bridge import Bridge
from oduflow.blueprints.mcp.routes import EXTENSION
from oduflow.blueprints.mcp.server import make_server
from oduflow.domain.access import Actor
from oduflow.domain.errors import Forbidden, Kind, UpstreamFailed
from tests.support.fakes import BLUE_TOKEN, TWO_TEAMS
from tests.support.mcp_world import McpWorld, mcp_world
from tests.support.ports import free_port
from tests.support.remote_world import (
    Answer,
    CommandRunner,
    always,
    stranger,
    tampered,
    things_and_jobs,
)
from tests.support.tls import make_certificate, tls_in_front
from tests.support.waitress_server import WaitressServer, waitress_server


def test_a_refused_connection_is_reported(call: CommandRunner) -> None:
    port = free_port()

    shown = call("call", "list_things", "--url", f"http://127.0.0.1:{port}")

    assert (shown.exit_code, shown.stdout) == (69, "")
    assert f"upstream: http://127.0.0.1:{port}/mcp refused the connection." in shown.stderr


def test_no_machine_has_the_name(call: CommandRunner) -> None:
    shown = call("call", "list_things", "--url", "https://nowhere.invalid")

    assert shown.exit_code == 69
    assert "The host name in https://nowhere.invalid/mcp cannot be resolved." in shown.stderr


def test_a_certificate_of_an_unknown_authority(
    server: McpWorld, call: CommandRunner, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path, "DNS:localhost")
    with tls_in_front(_port(server.url), certificate) as port:
        shown = call("call", "list_things", "--url", f"https://localhost:{port}")

    assert shown.exit_code == 69
    assert "is not trusted: self-signed certificate." in shown.stderr
    assert "$SSL_CERT_FILE" in shown.stderr


def test_a_certificate_of_an_authority_of_ones_own(
    call: CommandRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path, "DNS:localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    monkeypatch.setenv("NO_PROXY", "localhost")
    with _served_as("localhost") as server, tls_in_front(server.port, certificate) as port:
        shown = call("call", "list_things", "--url", f"https://localhost:{port}")

    assert shown.exit_code == 0, shown.stderr


def test_a_plain_server_is_no_tls(server: McpWorld, call: CommandRunner) -> None:
    shown = call("call", "list_things", "--url", server.url.replace("http:", "https:"))

    assert shown.exit_code == 69
    assert "The TLS handshake with " in shown.stderr


def test_a_person_who_is_no_longer_let_in(call: CommandRunner) -> None:
    class Closed:
        def verify(self, token: str, resource: str = "") -> Actor | None:
            raise Forbidden("Access Denied", "Ask for your login to be listed.")

    with mcp_world() as served:
        served.world.verifiers.append(Closed())
        shown = call("call", "list_things", "--url", served.url, token="an-unknown-token")

    assert (shown.exit_code, shown.stdout) == (77, "")
    assert shown.stderr == "forbidden: Access Denied\n  → Ask for your login to be listed.\n"


def test_a_name_that_is_not_the_servers(call: CommandRunner) -> None:
    with _served_as("other.example") as server:
        shown = call("call", "list_things", "--url", server.url)

    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "invalid: This server does not go by that name." in shown.stderr


def test_another_kind_of_mcp_server(call: CommandRunner) -> None:
    with mcp_world() as served:

        def other() -> Server[Any]:
            server = make_server(served.world.runner)
            server.name = "other"
            return server

        served.world.app.extensions[EXTENSION] = Bridge(other, served.world.context.wait_limiter)
        shown = call("call", "list_things", "--url", served.url)

    assert shown.exit_code == 69
    assert f"{served.url} answers, but it is not an Oduflow server." in shown.stderr


HTML = {"Content_Type": "text/html"}
JSON = {"Content_Type": "application/json"}
SSE = {"Content_Type": "text/event-stream"}


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (always("200 OK", b"<p>Welcome", **HTML), Kind.UPSTREAM, "not an Oduflow"),
        (always("200 OK", b'{"hello": 1}', **JSON), Kind.UPSTREAM, "not an Oduflow"),
        (always("200 OK", b"[", **JSON), Kind.UPSTREAM, "not an Oduflow"),
        (always("204 No Content"), Kind.UPSTREAM, "not an Oduflow"),
        (always("202 Accepted"), Kind.UPSTREAM, "not an Oduflow"),
        (always("405 Method Not Allowed", b"no", **HTML), Kind.UPSTREAM, "not an Oduflow"),
        (always("404 Not Found", b"<p>No", **HTML), Kind.NOT_FOUND, "There is no Oduflow at"),
        (always("404 Not Found", b"{}", **JSON), Kind.NOT_FOUND, "There is no Oduflow at"),
        (always("401 Unauthorized"), Kind.UNAUTHENTICATED, "does not know this token"),
        (always("403 Forbidden", b"<p>No", **HTML), Kind.FORBIDDEN, "denies access"),
        (always("421 Misdirected Request"), Kind.INVALID, "is not configured for the host name in"),
        (always("429 Too Many", Retry_After="7"), Kind.RATE_LIMITED, "Call again in 7 s."),
        (always("429 Too Many", Retry_After="soon"), Kind.RATE_LIMITED, "Call again in 5 s."),
        (always("503 Unavailable"), Kind.BUSY, "is busy or shutting down"),
        (always("502 Bad Gateway", b"<p>nginx", **HTML), Kind.UPSTREAM, "failed with status 502"),
        (always("500 Internal", b"{", **JSON), Kind.UPSTREAM, "failed with status 500"),
    ],
)
def test_a_foreign_server_at_the_address_is_named(
    call: CommandRunner, answer: Any, kind: Kind, said: str
) -> None:
    with stranger(answer) as other:
        shown = call("call", "list_things", "--url", other.url)

    assert shown.stdout == ""
    assert shown.stderr.startswith(f"{kind}: ")
    assert said in shown.stderr


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 T", "308 P"])
@pytest.mark.parametrize("where", ["within its origin, as the SDK would", "elsewhere"])
def test_a_redirect_is_never_followed_with_the_token(
    call: CommandRunner, status: str, where: str
) -> None:
    with stranger(always("200 OK")) as target:
        location = target.url if where == "elsewhere" else "/mcp/"
        with stranger(always(status, Location=location)) as first:
            shown = call("call", "list_things", "--url", first.url)

    assert first.tokens == [f"Bearer {BLUE_TOKEN}"]
    assert target.tokens == []
    assert shown.exit_code == 69
    assert "redirects to http://127.0.0.1; the token was not sent there." in shown.stderr


def test_who_does_not_answer_is_given_up(call: CommandRunner) -> None:
    def silent(_environ: WSGIEnvironment) -> Any:
        time.sleep(1.5)
        return always("200 OK")({})

    with stranger(silent) as other, pytest.raises(UpstreamFailed) as failed:
        other.ask(timeout=0.3).tools()

    assert failed.value.message == f"{other.url} did not answer in time."


def test_who_hangs_up_is_told(call: CommandRunner) -> None:
    def hang_up(listener: socket.socket) -> None:
        listener.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        port = listener.getsockname()[1]
        pool.submit(hang_up, listener)
        shown = call("call", "list_things", "--url", f"http://127.0.0.1:{port}")

    assert shown.exit_code == 69
    assert f"The connection to http://127.0.0.1:{port}/mcp ended" in shown.stderr


def test_a_call_that_is_cut_off_says_where_to_look(call: CommandRunner) -> None:
    with tampered("bake_thing", cut_off) as (url, world):
        shown = call("call", "bake_thing", "lamp", "--url", url)

        assert len(world.job_rows.rows) == 1, "it began"
    assert (shown.exit_code, shown.stdout) == (69, "")
    assert "upstream: The connection to" in shown.stderr
    assert f"→ A job may still run: `oduflow call list_jobs --url {url}`" in shown.stderr


def test_a_read_that_is_cut_off_began_nothing(call: CommandRunner) -> None:
    with tampered("get_thing", cut_off) as (url, _world):
        shown = call("call", "get_thing", "lamp", "--url", url)

    assert shown.exit_code == 69
    assert "→ Call again." in shown.stderr


def test_a_wait_that_is_cut_off_names_the_job(call: CommandRunner) -> None:
    with tampered("wait_for_job", cut_off) as (url, world):
        world.slots.free.clear()
        shown = call("call", "bake_thing", "lamp", "--url", url)
        world.slots.free.set()
        [job] = world.job_rows.rows

    assert (shown.exit_code, shown.stdout) == (69, "")
    assert f"→ The job continues: `oduflow call get_job {job} --url {url}`" in shown.stderr


def test_a_newer_server_may_say_more(call: CommandRunner) -> None:
    def more(body: bytes) -> Answer:
        content = json.loads(body)
        content["result"]["structuredContent"] |= {"mood": "fine"}
        return always("200 OK", json.dumps(content).encode(), **JSON)({})

    with tampered("get_thing", more) as (url, _world):
        shown = call("call", "get_thing", "lamp", "--url", url)

    assert shown.exit_code == 0
    assert "lamp is here." in shown.stdout


@pytest.mark.parametrize("content", [None, {}, {"status": "fine", "summary": "x"}, {"data": 1}])
def test_a_server_whose_answers_are_no_envelopes_is_none_of_ours(
    call: CommandRunner, content: object
) -> None:
    def other(body: bytes) -> Answer:
        answer = json.loads(body)
        answer["result"]["structuredContent"] = content
        return always("200 OK", json.dumps(answer).encode(), **JSON)({})

    with tampered("get_thing", other) as (url, _world):
        shown = call("call", "get_thing", "lamp", "--url", url)

    assert (shown.exit_code, shown.stdout) == (69, "")
    assert "answers, but it is not an Oduflow server." in shown.stderr


def test_no_log_at_any_level_holds_the_token(
    server: McpWorld, call: CommandRunner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    call("call", "get_thing", "lamp", "--url", server.url)

    assert "tools/call" in caplog.text, "the SDK logs what it sends"
    assert BLUE_TOKEN not in caplog.text


def test_a_proxy_of_the_environment_sees_nothing_of_a_plain_connection(
    server: McpWorld, call: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stranger(always("200 OK")) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/mcp"))
        shown = call("call", "get_thing", "lamp", "--url", server.url)

    assert shown.exit_code == 0
    assert proxy.tokens == []


def cut_off(_body: bytes) -> Answer:
    return always("200 OK", b": open\n\n", **SSE)({})


@contextmanager
def _served_as(name: str) -> Iterator[WaitressServer]:
    """Serve a world that is told another name than the one that was called."""

    def make_app(port: int) -> Any:
        app = things_and_jobs(f"[server]\nport = {port}\n{TWO_TEAMS}").app

        def renamed(environ: WSGIEnvironment, start: StartResponse) -> Any:
            return app({**environ, "HTTP_HOST": f"{name}:{port}"}, start)

        return renamed

    with waitress_server(make_app) as server:
        yield server


def _port(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])
