import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from oduflow.adapters.store import OAuthClients, OAuthTokens
from oduflow.adapters.store.oauth_tables import codes, tokens
from oduflow.domain.clock import now
from oduflow.domain.oauth import (
    CODE_LIFE,
    ClientKind,
    Code,
    Login,
    OAuthClient,
    TokenBinding,
    TokenKind,
    TokenPair,
)
from tests.support.clocks import ShiftedClock

BINDING = TokenBinding("f", "c", "1", Login("octocat", "583231"), "mcp", "https://o.example/mcp")
FIRST, SECOND, THIRD = TokenPair("a1", "r1"), TokenPair("a2", "r2"), TokenPair("a3", "r3")
ACCESS, REFRESH = TokenKind.ACCESS, TokenKind.REFRESH


def test_a_code_gives_its_pair_with_all_that_it_was_bound_to(kept):
    kept.add_code(code())

    assert kept.redeem("h", "c", FIRST)

    assert kept.find("a1", ACCESS).binding == BINDING
    assert kept.find("r1", REFRESH).binding == BINDING


def test_a_token_is_of_one_kind(kept):
    kept.add_code(code())
    kept.redeem("h", "c", FIRST)

    assert kept.find("a1", REFRESH) is None
    assert kept.find("r1", ACCESS) is None
    assert not kept.rotate("a1", "c", SECOND)


def test_a_code_used_twice_kills_what_it_gave(kept):
    kept.add_code(code())
    kept.redeem("h", "c", FIRST)

    assert not kept.redeem("h", "c", SECOND)

    assert all(kept.find(*token) is None for token in (("a1", ACCESS), ("r1", REFRESH)))
    assert kept.find("a2", ACCESS) is None


def test_another_clients_use_of_a_code_neither_burns_nor_kills(kept):
    kept.add_code(code())

    assert not kept.redeem("h", "other", FIRST)
    assert kept.redeem("h", "c", FIRST)
    assert not kept.redeem("h", "other", SECOND)

    assert kept.find("a1", ACCESS)


def test_a_code_lives_a_minute(kept, clock):
    kept.add_code(code())
    clock.ahead = CODE_LIFE

    assert not kept.redeem("h", "c", FIRST)


def test_of_many_redemptions_at_once_at_most_one_wins(kept):
    kept.add_code(code())
    won: list[bool] = []
    begin = threading.Barrier(8)

    def redeem(number: int) -> None:
        begin.wait()
        won.append(kept.redeem("h", "c", TokenPair(f"a{number}", f"r{number}")))

    threads = [threading.Thread(target=redeem, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == [False] * 7 + [True]
    assert all(kept.find(f"a{number}", ACCESS) is None for number in range(8))


def test_a_second_use_of_a_refresh_token_within_ten_minutes_gives_a_sibling(kept, clock):
    signed_in(kept)
    kept.rotate("r1", "c", SECOND)
    clock.ahead = timedelta(seconds=59)

    assert kept.rotate("r1", "c", THIRD)

    assert kept.find("r2", REFRESH)
    assert kept.find("r3", REFRESH)


def test_a_use_after_ten_minutes_kills_the_family_and_no_other(kept, clock):
    signed_in(kept)
    signed_in(kept, code(hash="h2", binding=replace(BINDING, family="g")), TokenPair("b1", "s1"))
    kept.rotate("r1", "c", SECOND)
    clock.ahead = timedelta(minutes=10)

    assert not kept.rotate("r1", "c", THIRD)

    assert all(kept.find(*token) is None for token in (("a1", ACCESS), ("r2", REFRESH)))
    assert kept.find("b1", ACCESS)


def test_another_clients_use_of_a_refresh_token_changes_nothing(kept, clock):
    signed_in(kept)

    assert not kept.rotate("r1", "other", SECOND)
    assert kept.rotate("r1", "c", SECOND)
    clock.ahead = timedelta(minutes=5)
    assert not kept.rotate("r1", "other", THIRD)

    assert kept.find("r2", REFRESH)


@pytest.mark.parametrize(
    ("token", "life"),
    [(("a1", ACCESS), timedelta(hours=1)), (("r1", REFRESH), timedelta(days=30))],
)
def test_a_token_lives_as_long_as_its_kind(kept, clock, token, life):
    signed_in(kept)

    clock.ahead = life - timedelta(seconds=5)
    assert kept.find(*token)
    clock.ahead = life
    assert kept.find(*token) is None


def test_a_refresh_token_that_expired_gives_nothing(kept, clock):
    signed_in(kept)
    clock.ahead = timedelta(days=30)

    assert not kept.rotate("r1", "c", SECOND)


def test_what_expired_is_forgotten_with_the_next_write(kept, clock, store):
    signed_in(kept)
    clock.ahead = timedelta(days=31)

    kept.add_code(code(hash="new"))

    assert rows(store, tokens.name) == 0
    assert rows(store, codes.name) == 1


def test_codes_and_tokens_of_other_teams_are_forgotten(kept):
    for team in ("1", "2"):
        binding = replace(BINDING, team=team, family=team)
        kept.add_code(replace(code(), hash=f"spent{team}", binding=binding))
        kept.redeem(f"spent{team}", "c", TokenPair(f"a{team}", f"r{team}"))
        kept.add_code(replace(code(), hash=f"open{team}", binding=binding))

    kept.forget_others({"1": None})

    for team, there in (("1", True), ("2", False)):
        assert (kept.code(f"open{team}") is not None) is there
        assert (kept.find(f"a{team}", ACCESS) is not None) is there
        assert (kept.find(f"r{team}", REFRESH) is not None) is there


def test_a_redeemed_code_is_kept_while_its_replay_would_kill_something(kept, clock):
    signed_in(kept)
    clock.ahead = timedelta(days=2)
    kept.add_code(code(hash="new"))

    assert not kept.redeem("h", "c", SECOND)

    assert kept.find("r1", REFRESH) is None


def test_giving_tokens_tells_that_a_client_is_used(kept, store):
    clients = OAuthClients(store)
    clients.register(OAuthClient("c", ClientKind.REGISTERED, "C", ("https://a.example/",), now()))

    signed_in(kept)

    found = clients.get("c")
    assert found is not None
    assert found.used_at is not None


def signed_in(kept: OAuthTokens, of: Code | None = None, pair: TokenPair = FIRST) -> None:
    given = of or code()
    kept.add_code(given)
    assert kept.redeem(given.hash, "c", pair)


def code(**given) -> Code:
    values: dict[str, Any] = {
        "hash": "h",
        "binding": BINDING,
        "redirect_uri": "https://a.example/",
        "challenge": "x",
        "expires_at": now() + CODE_LIFE,
    }
    return Code(**values | given)


def rows(store, table: str) -> int:
    with store.read() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")))  # noqa: S608


@pytest.fixture
def clock():
    return ShiftedClock()


@pytest.fixture
def kept(store, clock):
    return OAuthTokens(store, clock)
