"""Requests of odd but legal form, in the form that the SDK reads.

Sources: JSON-RPC 2.0, 4; MCP, “Base Protocol” and “Streamable HTTP”; RFC 8259, 8.1.
"""

import codecs
import json
from typing import Any

from pydantic_core import from_json

from oduflow.blueprints.mcp.exchange import Head

_JSON, _SSE = "application/json", "text/event-stream"


class InvalidMessage(Exception):
    """A body that is no message of MCP: JSON-RPC's error -32600.

    The SDK answers some in words of its own types, and takes a request with an id of another type
    for a notification, whose sender would wait for ever.
    """

    def __init__(self, reason: str, id_: object = None) -> None:
        super().__init__(reason)
        known = id_ if isinstance(id_, str | int) and not isinstance(id_, bool) else None
        error = {"code": -32600, "message": f"Invalid request: {reason}"}
        answer = json.dumps({"jsonrpc": "2.0", "id": known, "error": error}).encode()
        self.answer = Head(400, [(b"content-type", b"application/json")], answer)


def plain_body(body: bytes) -> bytes:
    """Return a body without a byte order mark, and its request with plain `params` and `id`.

    Parameters by position are an empty list here, which means the same as none; 1.0 is the integer
    1. Anything else is left to the SDK, which names what is wrong.

    Raises:
        InvalidMessage: it is JSON, but no message of MCP.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        message: Any = from_json(body)
    except ValueError:
        return body
    _check(message)
    if "method" not in message:
        return body
    plain = {key: value for key, value in message.items() if key != "params" or value != []}
    if "id" in message:
        plain["id"] = _id(message["id"])
    return (
        body
        if plain == message and type(plain.get("id")) is type(message.get("id"))
        else (json.dumps(plain).encode())
    )


def _check(message: Any) -> None:
    if isinstance(message, list):  # until MCP 2025-03-26
        raise InvalidMessage("batches are not supported; send each message by itself")
    if not isinstance(message, dict):
        raise InvalidMessage("a message must be an object")
    id_ = message.get("id")
    if message.get("jsonrpc") != "2.0":
        raise InvalidMessage('jsonrpc must be "2.0"', id_)
    if not message.keys() & {"method", "result", "error"}:
        raise InvalidMessage("a message must have a method, a result or an error", id_)
    if not isinstance(message.get("method", ""), str):
        raise InvalidMessage("method must be a string", id_)


def _id(value: Any) -> str | int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidMessage("id must be a string or an integer")
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
