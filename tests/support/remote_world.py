"""A remote server, and the command line that calls it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from click.testing import Result
from werkzeug.test import run_wsgi_app

from oduflow.blueprints.mcp import close
from oduflow.blueprints.mcp.bridge import Bridge
from oduflow.blueprints.mcp.routes import EXTENSION
from oduflow.blueprints.mcp.server import make_server
from oduflow.cli.remote.server import RemoteServer
from oduflow.cli.remote.target import parse_address
from oduflow.kernel.registry import Registry
from tests.support.command_line import oduflow
from tests.support.fakes import BLUE_TOKEN, TWO_TEAMS, World, make_world
from tests.support.mcp_world import OPERATIONS
from tests.support.parts import deps_of
from tests.support.waitress_server import waitress_server

WAIT_SECONDS = 0.2  # so short that callers must wait for a job themselves
JOBS = list(Registry.discover("oduflow.operations.jobs"))


@dataclass
class CommandRunner:
    """Runs the command line with a token in its environment, and checks that it is not printed."""

    patch: pytest.MonkeyPatch

    def __call__(self, *words: object, token: str = BLUE_TOKEN, typed: str = "") -> Result:
        self.patch.setenv("ODUFLOW_TOKEN", token)
        shown = oduflow(*words, typed=typed)
        assert token not in shown.stdout + shown.stderr
        assert "Traceback" not in shown.stdout + shown.stderr
        return shown


def things_and_jobs(toml: str) -> World:
    """Make a world of things with the operations on jobs."""
    deps = deps_of()
    world = make_world(toml, operations=[*OPERATIONS, *JOBS], deps=deps)
    deps.work.jobs = world.runner.jobs
    return world


@dataclass
class RecordingServer:
    """A server with one fixed answer, which records the tokens that it gets."""

    url: str
    tokens: list[str]

    def ask(self, timeout: float = 5) -> RemoteServer:
        """Return it as the commands use it, with a shorter timeout."""
        return RemoteServer(parse_address(self.url), BLUE_TOKEN, timeout, timeout)


Answer = tuple[str, list[tuple[str, str]], bytes]


@contextmanager
def stranger(answer: Callable[[WSGIEnvironment], Answer]) -> Iterator[RecordingServer]:
    """Serve a WSGI application that is not Oduflow."""
    tokens: list[str] = []

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        tokens.append(environ.get("HTTP_AUTHORIZATION", ""))
        status, headers, body = answer(environ)
        start(status, headers)
        return [body]

    with waitress_server(lambda _port: app) as server:
        yield RecordingServer(f"{server.url}/mcp", tokens)


def always(status: str, body: bytes = b"", **headers: str) -> Callable[[WSGIEnvironment], Answer]:
    """Return an application with this answer; `Retry_After` is the header `Retry-After`."""
    named: Any = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return lambda _environ: (status, named, body)


@contextmanager
def tampered(tool: str, change: Callable[[bytes], Answer]) -> Iterator[tuple[str, World]]:
    """Serve things, with the answers of one tool changed; yield URL and world."""
    made: list[World] = []

    def make_app(port: int) -> WSGIApplication:
        world = things_and_jobs(f"[server]\nport = {port}\n{TWO_TEAMS}")
        world.app.extensions[EXTENSION] = Bridge(
            lambda: make_server(world.runner, WAIT_SECONDS), world.context.wait_limiter
        )
        made.append(world)

        def between(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            if environ.get("HTTP_MCP_NAME") != tool:
                return world.app(environ, start)
            body, _status, _headers = run_wsgi_app(world.app, environ)
            status, headers, changed = change(b"".join(body))
            start(status, headers)
            return [changed]

        return between

    with waitress_server(make_app) as server:
        [world] = made
        try:
            yield f"{server.url}/mcp", world
        finally:
            world.slots.free.set()
            close(world.app)
