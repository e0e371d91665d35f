from datetime import timedelta
from typing import Any

import pytest

from oduflow.adapters.store import OAuthClients, oauth_clients
from oduflow.domain.clock import now
from oduflow.domain.errors import RateLimited
from oduflow.domain.oauth import ClientKind, OAuthClient
from tests.support.clocks import ShiftedClock


def test_a_client_comes_back_as_it_went_in(clients):
    row = client(secret="s", name="<b>")

    clients.register(row)

    assert clients.get("one") == row
    assert clients.get("two") is None


def test_an_address_registers_so_many_an_hour_and_others_are_unharmed(clients, clock):
    for number in range(oauth_clients.MAX_PER_ADDRESS):
        clients.register(client(id=str(number)))

    with pytest.raises(RateLimited, match="from this address") as refused:
        clients.register(client(id="more"))
    clients.register(client(id="other", address="192.0.2.2"))

    assert refused.value.retry_after == 3600
    clock.ahead = timedelta(hours=1, seconds=1)
    clients.register(client(id="more"))


def test_the_networks_of_one_customer_register_four_times_as_many(clients, monkeypatch):
    monkeypatch.setattr(oauth_clients, "MAX_PER_ADDRESS", 1)
    for number in range(4):
        clients.register(client(id=str(number), address=f"2001:db8:1:{number}::/64"))

    with pytest.raises(RateLimited, match="from this address"):
        clients.register(client(id="more", address="2001:db8:1:ffff::/64"))
    clients.register(client(id="other", address="2001:db8:2::/64"))


def test_there_is_a_most_in_all(clients, monkeypatch):
    monkeypatch.setattr(oauth_clients, "MAX_CLIENTS", 3)
    for number in range(3):
        clients.register(client(id=str(number), address=f"192.0.2.{number}"))

    with pytest.raises(RateLimited, match="clients are registered"):
        clients.register(client(id="more", address="192.0.2.9"))


def test_an_oauth_client_that_is_never_used_is_forgotten_after_a_day(clients, clock):
    clients.register(client())

    clock.ahead = timedelta(hours=23)
    assert clients.get("one")
    clock.ahead = timedelta(hours=25)
    assert clients.get("one") is None
    clients.register(client(created_at=clock()))  # the row itself is gone


def test_an_oauth_client_that_is_used_is_kept_until_it_idles(clients, clock):
    clients.register(client(used_at=now()))

    clock.ahead = timedelta(days=89)
    assert clients.get("one")
    clock.ahead = timedelta(days=91)
    assert clients.get("one") is None


def client(**given) -> OAuthClient:
    values: dict[str, Any] = {
        "id": "one",
        "kind": ClientKind.REGISTERED,
        "name": "One",
        "redirect_uris": ("https://a.example/cb",),
        "created_at": now(),
        "address": "192.0.2.1",
    }
    return OAuthClient(**values | given)


@pytest.fixture
def clock():
    return ShiftedClock()


@pytest.fixture
def clients(store, clock):
    return OAuthClients(store, clock)
