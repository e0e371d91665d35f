"""A world behind `/mcp` under the real WSGI server, and clients for both eras."""

import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any

import httpx2
import requests
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from pydantic import Field

from oduflow.blueprints.mcp import blueprint, close
from oduflow.blueprints.mcp.bridge import Bridge
from oduflow.blueprints.mcp.routes import EXTENSION
from oduflow.blueprints.mcp.server import make_server
from oduflow.domain.access import Permission
from oduflow.domain.outcome import Model, Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, declared_in, operation
from tests.support.fakes import BLUE_TOKEN, TWO_TEAMS, World, bearer, make_world
from tests.support.things import THINGS
from tests.support.waitress_server import waitress_server

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
MODES = (MODERN, "legacy")
PATIENCE_SECONDS = 10.0


class Rest(Model):
    """How long to rest."""

    seconds: Annotated[float, Field(ge=0, le=9, description="How long.")] = 9


@operation(permission=Permission.ENVIRONMENT_READ, effect=Effect.READ, rest="GET /rest")
def rest_awhile(deps: Any, call: Call, args: Rest) -> Outcome[Nothing]:
    """Wait some seconds, as wait_for_job does."""
    time.sleep(args.seconds)
    return Outcome(Nothing(), "Rested.")


OPERATIONS = [*THINGS, *declared_in(sys.modules[__name__])]


@dataclass
class McpWorld:
    """A world that answers at a URL."""

    world: World
    url: str

    @property
    def bridge(self) -> Bridge:
        found = self.world.app.extensions[EXTENSION]
        assert isinstance(found, Bridge)
        return found

    def close(self) -> None:
        close(self.world.app)

    def at(self, segment: str) -> "McpWorld":
        """Return the same world at a path one segment longer."""
        return replace(self, url=f"{self.url}/{segment}")

    def listed(self, token: str = BLUE_TOKEN) -> dict[str, dict[str, Any]]:
        """List the tools in the 2026 era: input schemas by name."""
        tools = self.post("tools/list", token=token).json()["result"]["tools"]
        return {tool["name"]: tool["inputSchema"] for tool in tools}

    @asynccontextmanager
    async def client(self, mode: str, token: str = BLUE_TOKEN) -> AsyncIterator[Client]:
        """Connect the SDK's own client."""
        async with (
            httpx2.AsyncClient(headers=bearer(token), timeout=30) as http,
            Client(streamable_http_client(self.url, http_client=http), mode=mode) as client,
        ):
            yield client

    def post(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        token: str = BLUE_TOKEN,
    ) -> requests.Response:
        """Send one JSON-RPC request of the 2026 era, byte for byte as given."""
        written = self.written(method, params, token)
        written["headers"].update(headers or {})
        return requests.post(self.url, timeout=30, **written)

    def written(
        self, method: str, params: Mapping[str, Any] | None = None, token: str = BLUE_TOKEN
    ) -> dict[str, Any]:
        """Return such a request: its body and its headers."""
        meta = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        headers = {**_ACCEPT, **bearer(token), "Mcp-Protocol-Version": MODERN, "Mcp-Method": method}
        named = {"name", "uri", "taskId"} & (params or {}).keys()
        if params and named:
            headers["Mcp-Name"] = str(params[named.pop()])
        return {"json": message(method, {"_meta": meta, **(params or {})}), "headers": headers}

    def call(self, tool: str, /, token: str = BLUE_TOKEN, **arguments: Any) -> dict[str, Any]:
        """Call a tool in the 2026 era and return its structured content."""
        answer = self.post("tools/call", {"name": tool, "arguments": arguments}, token=token)
        content: dict[str, Any] = answer.json()["result"]["structuredContent"]
        return content

    def initialize(self, token: str = BLUE_TOKEN) -> requests.Response:
        """Start a session of the 2025 era."""
        info = {"name": "test", "version": "1"}
        params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": info}
        return requests.post(
            self.url,
            json=message("initialize", params),
            headers={**_ACCEPT, **bearer(token)},
            timeout=30,
        )

    def session(self, token: str = BLUE_TOKEN) -> requests.Session:
        """Start a session of the 2025 era; later requests carry its headers."""
        session = requests.Session()
        session.headers.update({**_ACCEPT, **bearer(token)})
        answer = self.initialize(token)
        session.headers["Mcp-Session-Id"] = answer.headers["Mcp-Session-Id"]
        session.headers["Mcp-Protocol-Version"] = LEGACY
        session.post(self.url, json=_notification("notifications/initialized"), timeout=30)
        return session


_ACCEPT = {"Accept": "application/json, text/event-stream"}


def message(method: str, params: Mapping[str, Any], number: int = 1) -> dict[str, Any]:
    """Write a JSON-RPC request."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _notification(method: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method}


@contextmanager
def mcp_world(
    toml: str = TWO_TEAMS,
    *,
    wait_seconds: float | None = None,
    make: Callable[[str], World] = lambda toml: make_world(toml, operations=OPERATIONS),
) -> Iterator[McpWorld]:
    """Serve a world of things, or another; `wait_seconds` shortens how long calls wait for jobs."""
    made: list[World] = []

    def make_app(port: int) -> Any:
        world = make(f"[server]\nport = {port}\n{toml}")
        made.append(world)
        if blueprint.name not in world.app.blueprints:
            world.app.register_blueprint(blueprint)
        if wait_seconds is not None:
            server = lambda: make_server(world.runner, wait_seconds)  # noqa: E731
            world.app.extensions[EXTENSION] = Bridge(server, world.context.wait_limiter)
        return world.app

    with waitress_server(make_app) as server:
        served = McpWorld(made[0], f"{server.url}/mcp")
        try:
            yield served
        finally:
            made[0].slots.free.set()
            served.close()


def eventually(holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds; fail when it never does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)
