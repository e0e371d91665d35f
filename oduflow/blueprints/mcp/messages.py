"""Requests of odd but legal form, in the form that the SDK reads.

Sources: JSON-RPC 2.0, 4; MCP, “Base Protocol” and “Streamable HTTP”; RFC 8259, 8.1.
"""

import codecs
import json
from typing import Any

from pydantic_core import from_json

from oduflow.blueprints.mcp.exchange import Head

_JSON, _SSE = "application/json", "text/event-stream"
_BAD_ID = {
    "jsonrpc": "2.0",
    "id": None,
    "error": {"code": -32600, "message": "Invalid request: id must be a string or an integer"},
}
# The SDK takes such a request for a notification, and its client would wait for ever.
INVALID_ID = Head(400, [(b"content-type", b"application/json")], json.dumps(_BAD_ID).encode())


class InvalidId(Exception):
    """The id of a request is neither a string nor an integer."""


def plain_body(body: bytes) -> bytes:
    """Return a body without a byte order mark, and its request with plain `params` and `id`.

    Parameters by position are an empty list here, which means the same as none; 1.0 is the integer
    1. Anything else is left to the SDK, which names what is wrong.

    Raises:
        InvalidId: the request's id is null, or another value that MCP does not allow.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        message: Any = from_json(body)
    except ValueError:
        return body
    if not isinstance(message, dict) or "method" not in message:
        return body
    plain = {key: value for key, value in message.items() if key != "params" or value != []}
    if "id" in message:
        plain["id"] = _id(message["id"])
    return (
        body
        if plain == message and type(plain.get("id")) is type(message.get("id"))
        else (json.dumps(plain).encode())
    )


def _id(value: Any) -> str | int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidId
    return value


def accepted(accept: str | None) -> tuple[bool, bool]:
    """Return whether a client accepts JSON, and whether it accepts a stream of events.

    The SDK refuses a client that does not name both; one that names only one gets that.
    """
    names = [part.partition(";")[0].strip().lower() for part in (accept or "*/*").split(",")]
    json_, sse = (
        "*/*" in names or f"{kind.partition('/')[0]}/*" in names or kind in names
        for kind in (_JSON, _SSE)
    )
    return (json_, sse) if json_ or sse else (True, True)
