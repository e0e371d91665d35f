"""The few things to know about Server-Sent Events here (WHATWG HTML, section 9.2)."""

from pydantic_core import from_json

MEDIA_TYPE = b"text/event-stream"
OPEN = b": open\r\n\r\n"  # a comment: clients ignore it, but it makes the head go out

_PREFIX = b"event: message\r\ndata: "
_SUFFIX = b"\r\n\r\n"


def lone_reply(chunk: bytes) -> bytes | None:
    """Return the JSON-RPC response that is all of this chunk, or None.

    A server's request or notification has a `method`; a response has none (JSON-RPC 2.0,
    section 5). Only the parsed envelope tells: either may hold anything in its params.
    """
    if not (chunk.startswith(_PREFIX) and chunk.endswith(_SUFFIX)):
        return None
    data = chunk[len(_PREFIX) : -len(_SUFFIX)]
    try:
        message = from_json(data)
    except ValueError:  # several events, or a message of several lines
        return None
    is_response = isinstance(message, dict) and "method" not in message and "id" in message
    return data if is_response else None
