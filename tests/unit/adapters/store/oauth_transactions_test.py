from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oduflow.adapters.store import OAuthTransactions, oauth_transactions
from oduflow.domain.clock import now
from oduflow.domain.errors import RateLimited
from oduflow.domain.oauth import TRANSACTION_LIFE, Login, Stage, Transaction
from tests.support.clocks import ShiftedClock


def test_a_sign_in_comes_back_as_it_went_in(kept):
    row = begun(state="s", login=Login("octocat", "1"), stage=Stage.KNOWN)

    kept.add(row)

    assert kept.get("t", "b") == row
    assert kept.by_state("s", "b") == row


def test_an_oauth_transaction_belongs_to_one_browser(kept):
    kept.add(begun(state="s"))

    assert kept.get("t", "other") is None
    assert kept.by_state("s", "other") is None


def test_a_step_is_taken_once(kept):
    seen = begun()
    kept.add(seen)
    consented = replace(seen, stage=Stage.CONSENTED)

    assert kept.advance(seen, consented)
    assert not kept.advance(seen, consented)
    assert not kept.take(seen)

    assert kept.get("t", "b") == consented


def test_a_state_that_was_answered_is_not_answered_again(kept):
    seen = begun(stage=Stage.CONSENTED, state="s")
    kept.add(seen)

    assert kept.advance(seen, replace(seen, state=""))
    assert not kept.advance(seen, replace(seen, state=""))


def test_an_oauth_transaction_ends_once(kept):
    kept.add(begun())

    assert kept.take(begun())
    assert not kept.take(begun())
    assert kept.get("t", "b") is None


def test_after_ten_minutes_it_is_over(kept, clock):
    seen = begun()
    kept.add(seen)
    clock.ahead = TRANSACTION_LIFE + timedelta(seconds=1)

    assert kept.get("t", "b") is None
    assert not kept.advance(seen, replace(seen, stage=Stage.CONSENTED))
    assert not kept.take(seen)
    kept.add(begun(expires_at=clock() + TRANSACTION_LIFE))  # the row itself is gone


def test_the_number_of_open_oauth_transactions_is_limited(kept, monkeypatch):
    monkeypatch.setattr(oauth_transactions, "MAX_PER_ADDRESS", 2)
    monkeypatch.setattr(oauth_transactions, "MAX_TRANSACTIONS", 3)
    kept.add(begun(id="1"))
    kept.add(begun(id="2"))

    with pytest.raises(RateLimited):
        kept.add(begun(id="3"))
    kept.add(begun(id="3", address="192.0.2.2"))
    with pytest.raises(RateLimited):
        kept.add(begun(id="4", address="192.0.2.3"))


def test_the_networks_of_one_customer_do_not_fill_everybodys_room(kept, monkeypatch):
    monkeypatch.setattr(oauth_transactions, "MAX_PER_ADDRESS", 2)
    for number in range(8):
        kept.add(begun(id=str(number), address=f"2001:db8:1:{number}::/64"))

    with pytest.raises(RateLimited):
        kept.add(begun(id="8", address="2001:db8:1:ffff::/64"))
    kept.add(begun(id="8", address="2001:db8:2::/64"))
    kept.add(begun(id="9", address="192.0.2.2"))


def begun(**given) -> Transaction:
    values: dict[str, Any] = {
        "id": "t",
        "browser": "b",
        "csrf": "c",
        "stage": Stage.ASKED,
        "client_id": "one",
        "client_name": "One",
        "redirect_uri": "https://a.example/cb",
        "resource": "https://o.example/mcp",
        "request": {"state": "x"},
        "address": "192.0.2.1",
        "expires_at": now() + TRANSACTION_LIFE,
    }
    return Transaction(**values | given)


@pytest.fixture
def clock():
    return ShiftedClock()


@pytest.fixture
def kept(store, clock):
    return OAuthTransactions(store, clock)
