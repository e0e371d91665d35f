"""Requests of odd but legal form."""

import json
from typing import Any

import pytest

from oduflow.blueprints.mcp.messages import InvalidId, accepted, plain_body

LISTING: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (LISTING, LISTING),
        (LISTING | {"params": []}, LISTING),
        (LISTING | {"id": 1.0}, LISTING),
        (LISTING | {"params": {"cursor": None}}, LISTING | {"params": {"cursor": None}}),
        (LISTING | {"params": [1]}, LISTING | {"params": [1]}),
        ([LISTING | {"id": None}], [LISTING | {"id": None}]),
        ({"jsonrpc": "2.0", "id": None, "error": {}}, {"jsonrpc": "2.0", "id": None, "error": {}}),
    ],
)
def test_a_request_is_read_as_the_sdk_reads_it(sent: Any, read: Any) -> None:
    plain = plain_body(json.dumps(sent).encode())

    assert json.loads(plain) == read
    assert b"1.0" not in plain.replace(b'"2.0"', b"")


def test_a_byte_order_mark_is_ignored_and_what_is_no_json_is_left_to_the_sdk() -> None:
    assert plain_body(b"\xef\xbb\xbf{}") == b"{}"
    assert plain_body(b"{") == b"{"


@pytest.mark.parametrize("id_", [None, 1.5, True, [], {}])
def test_a_request_that_could_not_be_answered_is_refused(id_: object) -> None:
    with pytest.raises(InvalidId):
        plain_body(json.dumps(LISTING | {"id": id_}).encode())


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
