"""`python -m tests.support.conformance.serve PORT [KIND]`: a server for the official suite.

Authentication is off. Without `--product` our bridge, threads and WSGI server serve the suite's own
fixtures; with it, the product's tools; with `--tasks`, the product's server with slow tools.
"""

import sys
import threading
from typing import Any

from mcp import types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server
from mcp.server.mcpserver import MCPServer
from waitress import serve

from oduflow.blueprints.mcp import blueprint
from oduflow.blueprints.mcp.bridge import Bridge
from oduflow.blueprints.mcp.routes import EXTENSION
from oduflow.blueprints.wait_limits import WaitLimiter
from tests.support.conformance.contents import add_contents
from tests.support.conformance.questions import add_questions
from tests.support.conformance.slow_tools import slow_tools
from tests.support.fakes import OPEN, make_world

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_STREET = {"$anchor": "addressDef", "type": "object", "properties": {"city": {"type": "string"}}}
SCHEMA_2020: dict[str, Any] = {
    "$schema": _DIALECT,
    "type": "object",
    "$defs": {"address": _STREET},
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
    "allOf": [{"anyOf": [{"required": ["name"]}, {"required": ["address"]}]}],
    "if": {"required": ["name"]},
    "then": {"required": ["name"]},
    "else": {"required": ["address"]},
    "additionalProperties": False,
}


def fixtures() -> Server[Any]:
    """Make a server with everything that the suite's scenarios ask for."""
    server = MCPServer[Any]("conformance", version="1", cache_hints=_hints())
    add_contents(server)
    add_questions(server)
    server.add_tool(lambda: "fine", name="json_schema_2020_12_tool", description="Fixture.")
    server._tool_manager._tools["json_schema_2020_12_tool"].parameters = SCHEMA_2020
    server.completion()(_complete)
    low: Server[Any] = server._lowlevel_server
    for method, params in (
        ("logging/setLevel", types.SetLevelRequestParams),
        ("resources/subscribe", types.SubscribeRequestParams),
        ("resources/unsubscribe", types.UnsubscribeRequestParams),
    ):
        low.add_request_handler(method, params, _accept)
    return low


async def _complete(*_asked: object) -> types.Completion:
    return types.Completion(values=[], total=0, has_more=False)


async def _accept(_ctx: object, _params: object) -> types.EmptyResult:
    return types.EmptyResult()


def _hints() -> Any:
    lists = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
    return {method: CacheHint(ttl_ms=1000) for method in (*lists, "resources/read")}


def main(port: int, kind: str = "") -> None:
    """Serve until the process is ended."""
    app = make_world(f"[server]\nport = {port}\n{OPEN}").app
    if blueprint.name not in app.blueprints:
        app.register_blueprint(blueprint)
    if kind != "--product":
        make = slow_tools if kind == "--tasks" else fixtures
        app.extensions[EXTENSION] = Bridge(make, WaitLimiter())
    serve(app, host="127.0.0.1", port=port, threads=32, channel_request_lookahead=1)


if __name__ == "__main__":
    threading.current_thread().name = "conformance"
    main(int(sys.argv[1]), *sys.argv[2:])
