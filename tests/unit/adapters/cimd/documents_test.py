"""Which hosts are asked for a client's metadata; no test opens a socket."""

import socket
import threading
from http.client import HTTPMessage
from ipaddress import ip_address
from typing import NoReturn

import pytest

from oduflow.adapters.cimd import documents as module
from oduflow.adapters.cimd.documents import DocumentFetcher
from oduflow.net import addresses
from oduflow.net.addresses import IPAddress
from oduflow.net.fetch import Request, Response
from tests.support.addresses import not_asked, resolving

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
    """The addresses that this process tried to connect to."""
    tried: list[object] = []

    def refuse(address: object, *_: object, **__: object) -> NoReturn:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    return tried


@pytest.mark.parametrize("address", PRIVATE)
def test_a_host_that_is_not_on_the_public_internet_is_not_asked(address, dialled):
    assert DocumentFetcher(resolving(address)).find(URL) is None
    assert dialled == []


@pytest.mark.parametrize("address", PRIVATE)
def test_a_host_that_is_also_on_the_public_internet_is_not_asked_either(address, dialled):
    assert DocumentFetcher(resolving("93.184.215.14", address)).find(URL) is None
    assert dialled == []


@pytest.mark.parametrize(
    "client_id", ["https://127.1/m", "https://2130706433/m", "https://[::ffff:7f00:1]/m"]
)
def test_an_address_in_the_client_id_is_not_even_resolved(client_id, dialled):
    assert DocumentFetcher(not_asked).find(client_id) is None
    assert dialled == []


def test_the_address_that_was_checked_is_the_one_that_is_dialled(dialled):
    answers = [(ip_address("93.184.215.14"),), (ip_address("127.0.0.1"),)]
    assert DocumentFetcher(lambda *_: answers.pop(0)).find(URL) is None
    assert dialled == [("93.184.215.14", 443)]
    assert len(answers) == 1


def test_the_host_that_a_redirect_leads_to_is_checked_before_it_is_asked(monkeypatch):
    asked: list[tuple[str, str]] = []

    def moved(request: Request, **_: object) -> Response:
        asked.append((request.url, str(request.address)))
        headers = HTTPMessage()
        headers["Location"] = "https://inside.example/metadata.json"
        return Response(302, headers, b"")

    def resolve(host: str, _deadline: float) -> tuple[IPAddress, ...]:
        return (ip_address("10.0.0.1" if host == "inside.example" else "93.184.215.14"),)

    monkeypatch.setattr(module, "fetch", moved)
    assert DocumentFetcher(resolve).find(URL) is None
    assert asked == [(URL, "93.184.215.14")]


def test_a_host_without_any_address_is_refused(dialled):
    assert DocumentFetcher(resolving()).find(URL) is None
    assert dialled == []


def test_a_client_that_was_not_found_is_not_looked_for_again_at_once(dialled):
    asked: list[str] = []

    def resolve(host: str, _deadline: float) -> tuple[IPAddress, ...]:
        asked.append(host)
        return (ip_address("127.0.0.1"),)

    documents = DocumentFetcher(resolve)
    assert [documents.find(URL) for _ in range(3)] == [None] * 3
    assert asked == ["client.example"]


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MAX_CACHED", 10)
    documents = DocumentFetcher(resolving("127.0.0.1"))
    for number in range(30):
        documents.find(f"https://client.example/{number}")
    assert len(documents._cache) == 10


def test_a_slow_name_server_blocks_no_caller_and_holds_only_four_lookups(monkeypatch):
    go = threading.Event()

    def slow(*_: object) -> NoReturn:
        go.wait(10)
        raise OSError

    monkeypatch.setattr(addresses, "look_up", slow)
    documents = DocumentFetcher(limit_seconds=0.05)
    try:
        for number in range(4):
            assert documents.find(f"https://client.example/{number}") is None
        assert threading.active_count() >= 5
        before = set(threading.enumerate())
        assert documents.find("https://client.example/one-more") is None
        assert set(threading.enumerate()) <= before
    finally:
        go.set()
