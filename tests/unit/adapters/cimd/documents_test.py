"""Whom we ask for a client's metadata; these tests may open no socket, and none needs one."""

import socket
import threading
from typing import NoReturn

import pytest

from oduflow.adapters.cimd import ClientDocuments
from oduflow.adapters.cimd import documents as module
from oduflow.adapters.cimd.addresses import choose, on_the_public_internet
from oduflow.adapters.cimd.exchange import Answer
from oduflow.domain.errors import Invalid
from oduflow.domain.plain_urls import PlainUrl

URL = "https://client.example/metadata.json"
PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.17.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:93.184.215.14",
    "64:ff9b::7f00:1",
    "64:ff9b::5db8:d70e",
    "2002:7f00:1::1",
    "fd00:ec2::254",
    "fe80::1%eth0",
    "ff02::1",
]


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whom anybody in this process tried to connect to."""
    tried: list[object] = []

    def refuse(address: object, *_: object, **__: object) -> NoReturn:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    return tried


@pytest.mark.parametrize("address", PRIVATE)
def test_a_host_that_is_not_on_the_public_internet_is_not_asked(address, dialled):
    assert ClientDocuments(resolve=lambda *_: [address]).find(URL) is None
    assert dialled == []


@pytest.mark.parametrize("address", PRIVATE)
def test_a_host_that_is_also_on_the_public_internet_is_not_asked_either(address, dialled):
    assert ClientDocuments(resolve=lambda *_: ["93.184.215.14", address]).find(URL) is None
    assert dialled == []


@pytest.mark.parametrize(
    "client_id", ["https://127.1/m", "https://2130706433/m", "https://[::ffff:7f00:1]/m"]
)
def test_an_address_in_the_client_id_is_not_even_resolved(client_id, dialled):
    assert ClientDocuments(resolve=not_asked).find(client_id) is None
    assert dialled == []


def test_the_address_that_was_checked_is_the_one_that_is_dialled(dialled):
    answers = [["93.184.215.14"], ["127.0.0.1"]]
    assert ClientDocuments(resolve=lambda *_: answers.pop(0)).find(URL) is None
    assert dialled == [("93.184.215.14", 443)]
    assert answers == [["127.0.0.1"]]


def test_the_host_that_a_redirect_leads_to_is_checked_before_it_is_asked(monkeypatch):
    asked: list[tuple[str, str]] = []

    def moved(url: PlainUrl, address: str, *_: object) -> Answer:
        asked.append((url.host, address))
        return Answer(302, "text/html", "https://inside.example/metadata.json", b"")

    def resolve(host: str, _port: int) -> list[str]:
        return ["10.0.0.1"] if host == "inside.example" else ["93.184.215.14"]

    monkeypatch.setattr(module, "get", moved)
    assert ClientDocuments(resolve=resolve).find(URL) is None
    assert asked == [("client.example", "93.184.215.14")]


def test_a_host_without_any_address_is_refused():
    with pytest.raises(Invalid):
        choose("client.example", 443, lambda *_: [], on_the_public_internet)


def test_a_client_that_was_not_found_is_not_looked_for_again_at_once(dialled):
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    documents = ClientDocuments(resolve=resolve)
    assert [documents.find(URL) for _ in range(3)] == [None] * 3
    assert asked == ["client.example"]


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MAX_CACHED", 10)
    documents = ClientDocuments(resolve=lambda *_: ["127.0.0.1"])
    for number in range(30):
        documents.find(f"https://client.example/{number}")
    assert len(documents._remembered) == 10


def test_a_slow_name_server_holds_nobody_and_only_four_searches():
    go = threading.Event()

    def slow(*_: object) -> list[str]:
        go.wait(10)
        return ["127.0.0.1"]

    documents = ClientDocuments(resolve=slow, limit_seconds=0.05)
    try:
        for number in range(4):
            assert documents.find(f"https://client.example/{number}") is None
        assert threading.active_count() >= 5
        before = threading.active_count()
        assert documents.find("https://client.example/one-more") is None
        assert threading.active_count() == before
    finally:
        go.set()


def not_asked(host: str, port: int) -> NoReturn:
    raise AssertionError((host, port))
