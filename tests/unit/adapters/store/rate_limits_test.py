import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import Connection, func, select

from oduflow.adapters.store import RateLimits, Store
from oduflow.adapters.store.tables import attempts, sign_ins
from oduflow.domain.rate_limits import ADDRESS, TEAM, Claim
from tests.support.clocks import SteppedClock
from tests.support.programs import finished, go, running, said

CLAIM = Claim.of("192.0.2.1", ["1"])
HOUR = 3600 * 1000
KEY = lambda: "key"  # noqa: E731
GUESS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from oduflow.adapters.store import RateLimits, Store
from oduflow.domain.rate_limits import Claim
ledger = RateLimits(Store(Path(sys.argv[1])), lambda: "key")
claim = Claim.of("192.0.2.1", ["1"])
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(16) as pool:
    answers = list(pool.map(lambda _: bool(ledger.reserve(claim).taken), range(100)))
print(sum(answers))
"""


def test_of_200_guesses_at_once_five_get_through(store):
    ledger = RateLimits(store, KEY)
    begin = threading.Barrier(32)

    def guess(number: int) -> bool:
        if number < 32:
            begin.wait(10)
        return bool(ledger.reserve(CLAIM).taken)

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(guess, range(200)))

    assert sum(answers) == ADDRESS.failures


@pytest.mark.thorough
def test_no_write_is_refused_for_the_many_slow_ones_before_it(store):
    class SlowDisk(Store):
        @contextmanager
        def write(self, *, lasting: bool = True) -> Iterator[Connection]:
            with super().write(lasting=lasting) as connection:
                yield connection
                time.sleep(0.03)

    ledger = RateLimits(SlowDisk(store.path, patience=0.2), KEY)

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: bool(ledger.reserve(CLAIM).taken), range(64)))

    assert sum(answers) == ADDRESS.failures


@pytest.mark.thorough
def test_of_200_guesses_in_two_processes_at_once_five_get_through(store):
    with ExitStack() as stack:
        both = [stack.enter_context(running(GUESS, store.path)) for _ in range(2)]
        assert [said(process) for process in both] == ["ready", "ready"]
        go(*both)
        through = [int(*finished(process)) for process in both]

    assert sum(through) == ADDRESS.failures


def test_looking_says_the_same_and_takes_nothing(ledger):
    for _ in range(20):
        assert ledger.look(CLAIM).taken
    fill(ledger)

    assert ledger.look(CLAIM).wait_ms == ledger.reserve(CLAIM).wait_ms > 0


def test_what_is_given_back_was_never_there(ledger):
    for _ in range(50):
        ledger.give_back(ledger.reserve(CLAIM))
        ledger.succeed(ledger.reserve(CLAIM), CLAIM.source, "1")

    assert fill(ledger) == ADDRESS.failures


def test_a_success_forgives_no_failure(ledger):
    for _ in range(4):
        ledger.reserve(CLAIM)
    ledger.succeed(ledger.reserve(CLAIM), CLAIM.source, "1")

    assert fill(ledger) == 1


def test_the_same_credential_is_counted_once_an_hour(ledger, clock):
    stale = Claim.of("192.0.2.1", ["1"], ledger.digest("an old token"))
    assert ledger.reserve(stale).taken
    assert all(ledger.reserve(stale).is_repeated for _ in range(100))

    clock.now += HOUR
    assert ledger.look(stale).taken


def test_the_same_password_for_another_team_or_from_another_address_is_another_guess(ledger):
    claims = [
        Claim.of(address, [team], ledger.digest("a common password"))
        for address in ("192.0.2.1", "192.0.2.2")
        for team in ("1", "2")
    ]
    assert all(ledger.reserve(claim).taken for claim in claims)


def test_a_credential_that_was_given_back_is_not_known_to_be_wrong(ledger):
    claim = Claim.of("192.0.2.1", ["1"], ledger.digest("right"))
    ledger.give_back(ledger.reserve(claim))

    assert ledger.look(claim).taken


def test_a_full_counter_says_to_which_teams_the_address_is_known(ledger):
    for team in ("1", "3"):
        ledger.succeed(ledger.reserve(CLAIM), CLAIM.source, team)
    fill(ledger)

    assert ledger.look(Claim.of("192.0.2.1", ["1", "2"])).known_to == {"1"}


def test_a_digest_depends_on_the_key_and_does_not_show_the_credential(store):
    one, other = RateLimits(store, KEY), RateLimits(store, lambda: "another key")

    assert one.digest("secret") == RateLimits(store, KEY).digest("secret")
    assert one.digest("secret") != other.digest("secret")
    assert "secret" not in one.digest("secret")


def test_a_restart_forgives_nothing(store, clock):
    fill(RateLimits(store, KEY, clock))

    assert RateLimits(Store(store.path), KEY, clock).look(CLAIM).wait_ms > 0


def test_time_does(ledger, clock):
    fill(ledger)
    clock.now += ADDRESS.window

    assert fill(ledger) == ADDRESS.failures


def test_another_address_is_unharmed(ledger):
    fill(ledger)

    assert fill(ledger, Claim.of("192.0.2.2", ["1"])) == ADDRESS.failures


def test_a_flood_refuses_unknown_addresses_and_not_known_ones(ledger, clock):
    known = Claim.of("192.0.2.7", ["1"])
    ledger.succeed(ledger.reserve(known), known.source, "1")
    clock.now += 23 * HOUR
    flood(ledger)

    assert ledger.reserve(known).taken == known.by_source
    assert ledger.reserve(Claim.of("192.0.2.8", ["1"])).wait_ms > 0


@pytest.mark.parametrize("case", ["a day ago", "to another team", "from elsewhere"])
def test_a_sign_in_counts_for_its_team_its_address_and_a_day(ledger, clock, case):
    source = "192.0.2.9" if case == "from elsewhere" else "192.0.2.7"
    team = "2" if case == "to another team" else "1"
    ledger.succeed(ledger.reserve(CLAIM), source, team)
    clock.now += 24 * HOUR if case == "a day ago" else 0
    flood(ledger)

    assert ledger.reserve(Claim.of("192.0.2.7", ["1"])).wait_ms > 0


def test_a_flood_against_one_team_harms_no_other(ledger):
    flood(ledger)

    assert ledger.reserve(Claim.of("192.0.2.8", ["2"])).taken


def test_nothing_is_kept_for_longer_than_it_matters(ledger, store, clock):
    flood(ledger)
    ledger.succeed(ledger.reserve(CLAIM), "192.0.2.7", "1")
    clock.now += 24 * HOUR
    ledger.succeed(ledger.reserve(CLAIM), CLAIM.source, "1")

    with store.read() as connection:
        kept = set(connection.scalars(select(attempts.c.key)))
        signed_in = connection.scalar(select(func.count()).select_from(sign_ins))
    assert kept == {"192.0.2.1", "team 1"}
    assert signed_in == 1


def fill(ledger: RateLimits, claim: Claim = CLAIM) -> int:
    """Fail until there is no room; answer how often."""
    times = 0
    while ledger.reserve(claim).taken:
        times += 1
    return times


def flood(ledger: RateLimits) -> None:
    for number in range(TEAM.failures):
        ledger.reserve(Claim.of(f"10.0.0.{number}", ["1"]))


@pytest.fixture
def clock() -> SteppedClock[int]:
    return SteppedClock(1_700_000_000_000)  # milliseconds


@pytest.fixture
def ledger(store: Store, clock: SteppedClock[int]) -> RateLimits:
    return RateLimits(store, KEY, clock)
