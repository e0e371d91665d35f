import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduflow.domain.client_documents import (
    MAX_BYTES,
    MAX_NAME_LENGTH,
    ClientDocument,
    document_url,
    read_document,
)
from oduflow.domain.errors import Invalid

URL = "https://client.example/oauth/metadata.json"
SAID = {"client_id": URL, "client_name": "A client", "redirect_uris": ["http://127.0.0.1/cb"]}


def test_a_client_says_its_name_and_where_people_go_back_to():
    found = read_document(URL, json.dumps(SAID).encode())
    assert found == ClientDocument(URL, "A client", ("http://127.0.0.1/cb",))


@pytest.mark.parametrize(
    "more",
    [
        {"client_id": "https://other.example/oauth/metadata.json"},
        {"client_id": URL.upper()},
        {"client_id": None},
        {"client_secret": "x"},
        {"client_secret_expires_at": 0},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"redirect_uris": None},
        {"redirect_uris": []},
        {"redirect_uris": "https://client.example/cb"},
        {"redirect_uris": ["https://client.example/cb", "javascript:alert(1)"]},
        {"redirect_uris": ["http://client.example/cb"]},
    ],
)
def test_a_document_is_refused_when_it_says(more):
    with pytest.raises(Invalid):
        read_document(URL, json.dumps({**SAID, **more}).encode())


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b'"x"', b"\xff", b"[" * 9_000, b'{"client_id":']
)
def test_what_is_no_json_object_is_refused(body: bytes):
    with pytest.raises(Invalid):
        read_document(URL, body)


def test_a_document_may_be_10_kib_long_and_not_a_byte_longer():
    body = json.dumps(SAID).encode()
    assert read_document(URL, body.ljust(MAX_BYTES)).client_id == URL
    with pytest.raises(Invalid, match="longer than 10 KiB"):
        read_document(URL, body.ljust(MAX_BYTES + 1))


@given(st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text())))
def test_a_name_is_a_short_line_for_any_text_of_the_client(name: object):
    found = read_document(URL, json.dumps({**SAID, "client_name": name}).encode())
    assert len(found.name) <= MAX_NAME_LENGTH
    assert found.name.isprintable()


@pytest.mark.parametrize(
    "client_id",
    [
        "http://client.example/metadata.json",
        "https://client.example",
        "https://client.example/",
        "https://client.example?x",
        "https://client.example/a/../metadata.json",
        "https://client.example/a/%2E%2e/metadata.json",
        "https://client.example/./metadata.json",
        "https://client.example/metadata.json#x",
        "https://me@client.example/metadata.json",
        "https://client.example:0/metadata.json",
        "https://CLIENT.example/metadata.json",
        "https://client.example\\@evil.example/metadata.json",
        "https://127.0.0.1/metadata.json",
        "https://127.1/metadata.json",
        "https://2130706433/metadata.json",
        "https://0x7f000001/metadata.json",
        "https://0177.0.0.1/metadata.json",
        "https://[::1]/metadata.json",
        "https://[::ffff:127.0.0.1]/metadata.json",
        "https://[64:ff9b::7f00:1]/metadata.json",
        "https://[2002:7f00:1::]/metadata.json",
        "https://203.0.113.9/metadata.json",
        "https://client.example/" + "a" * 1024,
        "dyn-0123",
        "",
    ],
)
def test_is_no_clients_address(client_id: str):
    assert document_url(client_id) is None


@pytest.mark.parametrize(
    "client_id",
    [
        URL,
        "https://claude.ai/oauth/claude-code-client-metadata",
        "https://vscode.dev/oauth/client-metadata.json",
        "https://client.example:8443/metadata?v=1",
    ],
)
def test_is_a_clients_address(client_id: str):
    assert document_url(client_id) is not None
