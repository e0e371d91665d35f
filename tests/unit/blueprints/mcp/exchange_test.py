"""Chunks that are a single reply, and the iterator of a stream."""

import json

import pytest

from oduflow.blueprints.mcp.exchange import Stream, single_reply


def _event(message: object) -> bytes:
    return f"event: message\r\ndata: {json.dumps(message)}\r\n\r\n".encode()


@pytest.mark.parametrize(
    "reply",
    [
        {"jsonrpc": "2.0", "id": 1, "result": {"method": "named in a result"}},
        {"jsonrpc": "2.0", "id": "a", "error": {"code": -32602, "message": "no"}},
    ],
)
def test_a_response_is_a_single_reply(reply: dict[str, object]) -> None:
    assert json.loads(single_reply(_event(reply)) or b"") == reply


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 1, "method": "elicitation/create", "params": {"result": {}}},
        {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"id": 1, "error": 2}},
        [1],
    ],
)
def test_a_request_or_a_notification_of_the_server_is_not_a_single_reply(message: object) -> None:
    assert single_reply(_event(message)) is None


def test_two_events_a_comment_and_broken_json_are_not_a_single_reply() -> None:
    reply = _event({"jsonrpc": "2.0", "id": 1, "result": {}})

    assert single_reply(reply + reply) is None
    assert single_reply(b": ping\r\n\r\n") is None
    assert single_reply(b"event: message\r\ndata: {\r\n\r\n") is None


def test_a_stream_yields_the_first_chunk_and_then_the_following_ones() -> None:
    rest = iter([b"b", b"c", None])
    stream = Stream(b"a", lambda: next(rest), lambda: None)

    assert list(stream) == [b"a", b"b", b"c"]


def test_a_stream_that_was_never_started_is_closed_too() -> None:
    closed: list[bool] = []

    Stream(b"a", lambda: None, lambda: closed.append(True)).close()

    assert closed == [True]
