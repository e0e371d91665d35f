"""Public addresses, and the deadline of a lookup."""

import socket
import threading
import time
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduflow.net import addresses
from oduflow.net.addresses import ResolveFailed, Resolver, public_only

PUBLIC = ip_address("140.82.121.4")
REFUSED = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/8",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "2001::/32",
    "2001:db8::/32",
    "2002::/16",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
]


@given(st.sampled_from(REFUSED), st.data())
def test_no_private_loopback_link_local_mapped_nat64_or_multicast_address_is_public(block, data):
    network = ip_network(block)
    version = IPv6Address if isinstance(network, IPv6Network) else IPv4Address
    number = data.draw(st.integers(int(network[0]), int(network[-1])))
    assert public_only([version(number), PUBLIC]) == (PUBLIC,)


def test_a_name_is_resolved_to_each_of_its_addresses_once(monkeypatch):
    rows = [("::1", 443, 0, 0), ("127.0.0.1", 443), ("::1", 443, 0, 0), ("fe80::1%eth0", 443, 0, 2)]
    monkeypatch.setattr(
        addresses, "socket", _Socket([(0, socket.SOCK_STREAM, 6, "", row) for row in rows])
    )
    found = Resolver()("git.lan", time.monotonic() + 5)
    assert list(map(str, found)) == ["::1", "127.0.0.1", "fe80::1%eth0"]


@pytest.mark.parametrize("cause", [socket.gaierror(), UnicodeError(), TimeoutError()])
def test_a_name_that_is_not_known_fails_with_the_cause(monkeypatch, cause):
    def fail(*_: object) -> NoReturn:
        raise cause

    monkeypatch.setattr(addresses, "look_up", fail)
    with pytest.raises(ResolveFailed) as caught:
        Resolver()("nowhere.example", time.monotonic() + 5)
    assert caught.value.__cause__ is cause


def test_a_name_server_that_hangs_ends_at_the_deadline_and_keeps_its_place(monkeypatch):
    go = threading.Event()

    def hang(*_: object) -> tuple[IPv4Address | IPv6Address, ...]:
        go.wait(10)
        return (PUBLIC,)

    monkeypatch.setattr(addresses, "look_up", hang)
    resolver = Resolver(max_pending=1)
    begun = time.monotonic()
    try:
        for reason in ("was not resolved", "too many lookups"):
            with pytest.raises(ResolveFailed, match=reason):
                resolver("slow.example", time.monotonic() + 0.05)
        assert time.monotonic() - begun < 5
    finally:
        go.set()
    for _ in range(100):  # the lookup that came back late gives its place back
        try:
            assert resolver("slow.example", time.monotonic() + 5) == (PUBLIC,)
            break
        except ResolveFailed:
            time.sleep(0.02)
    else:
        raise AssertionError("the place is never free again")


def test_a_thread_that_does_not_start_gives_its_place_back(monkeypatch):
    def fail(_self: threading.Thread) -> NoReturn:
        raise RuntimeError

    resolver = Resolver(max_pending=1)
    monkeypatch.setattr(threading.Thread, "start", fail)
    for _ in range(2):
        with pytest.raises(ResolveFailed, match="no more"):
            resolver("git.lan", time.monotonic() + 5)


class _Socket:
    """`socket` with one fixed answer, because unit tests open no sockets."""

    SOCK_STREAM = socket.SOCK_STREAM

    def __init__(self, rows: list[object]) -> None:
        self.getaddrinfo = lambda *_, **__: rows
