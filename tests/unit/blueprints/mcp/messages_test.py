"""Requests of odd but legal form."""

import json
from typing import Any

import pytest

from oduflow.blueprints.mcp.messages import InvalidMessage, accepted, plain_body

LISTING: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (LISTING, LISTING),
        (LISTING | {"params": []}, LISTING),
        (LISTING | {"id": 1.0}, LISTING),
        (LISTING | {"params": {"cursor": None}}, LISTING | {"params": {"cursor": None}}),
        (LISTING | {"params": [1]}, LISTING | {"params": [1]}),
        ({"jsonrpc": "2.0", "id": None, "error": {}}, {"jsonrpc": "2.0", "id": None, "error": {}}),
    ],
)
def test_a_request_is_read_as_the_sdk_reads_it(sent: Any, read: Any) -> None:
    plain = plain_body(json.dumps(sent).encode())

    assert json.loads(plain) == read
    assert b"1.0" not in plain.replace(b'"2.0"', b"")


def test_a_byte_order_mark_is_ignored_and_what_is_no_json_is_left_to_the_sdk() -> None:
    listing = json.dumps(LISTING).encode()
    assert plain_body(b"\xef\xbb\xbf" + listing) == listing
    assert plain_body(b"{") == b"{"


@pytest.mark.parametrize("id_", [None, 1.5, True, [], {}])
def test_a_request_that_could_not_be_answered_is_refused(id_: object) -> None:
    with pytest.raises(InvalidMessage, match="id must be a string or an integer"):
        plain_body(json.dumps(LISTING | {"id": id_}).encode())


@pytest.mark.parametrize(
    ("sent", "reason", "id_"),
    [
        ([LISTING], "batches are not supported; send each message by itself", None),
        ("ping", "a message must be an object", None),
        ({"id": 1, "method": "ping"}, 'jsonrpc must be "2.0"', 1),
        (LISTING | {"jsonrpc": "1.0"}, 'jsonrpc must be "2.0"', 1),
        ({"jsonrpc": "2.0", "id": "a"}, "a message must have a method, a result or an error", "a"),
        (LISTING | {"method": 7}, "method must be a string", 1),
        ({"jsonrpc": "1.0", "id": True, "method": "ping"}, 'jsonrpc must be "2.0"', None),
    ],
)
def test_what_is_no_message_is_refused_in_the_words_of_json_rpc(
    sent: Any, reason: str, id_: object
) -> None:
    with pytest.raises(InvalidMessage) as refused:
        plain_body(json.dumps(sent).encode())

    head = refused.value.answer
    error = {"code": -32600, "message": f"Invalid request: {reason}"}
    assert json.loads(head.chunk) == {"jsonrpc": "2.0", "id": id_, "error": error}
    assert head.status == 400


@pytest.mark.parametrize(
    ("accept", "kinds"),
    [
        (None, (True, True)),
        ("*/*", (True, True)),
        ("text/html", (True, True)),
        ("application/json, text/event-stream", (True, True)),
        ("Application/JSON;q=0.9", (True, False)),
        ("application/*", (True, False)),
        ("text/event-stream", (False, True)),
    ],
)
def test_a_client_gets_what_it_accepts(accept: str | None, kinds: tuple[bool, bool]) -> None:
    assert accepted(accept) == kinds
