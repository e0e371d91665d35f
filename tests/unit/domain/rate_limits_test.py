import pytest

from oduflow.domain.rate_limits import (
    ADDRESS,
    SITE,
    TEAM,
    Claim,
    Counter,
    Limit,
    Reservation,
    counters_of,
    decide,
)

NOW = 1_700_000_000_000
COUNTER = Counter("a place", ADDRESS)
MINUTE = 60_000


def test_five_failures_fit_and_the_sixth_does_not():
    assert failures_that_fit([0] * 10) == 5


def test_one_wrong_attempt_is_forgiven_every_three_minutes():
    assert failures_that_fit([0] * 5 + [3 * MINUTE - 1]) == 5
    assert failures_that_fit([0] * 5 + [3 * MINUTE]) == 6
    assert failures_that_fit([0] * 5 + [3 * MINUTE] * 5) == 6


def test_a_quarter_of_an_hour_later_five_fit_again():
    assert failures_that_fit([0] * 9 + [15 * MINUTE] * 9) == 10


def test_the_wait_says_when_the_next_one_fits():
    clear_at = NOW
    for _ in range(5):
        clear_at = COUNTER.after(clear_at, NOW)
    wait = COUNTER.wait(clear_at, NOW)
    assert wait == 3 * MINUTE
    assert COUNTER.wait(clear_at, NOW + wait) == 0
    assert COUNTER.wait(clear_at, NOW + wait - 1) == 1


def test_a_failure_given_back_leaves_no_trace():
    one = COUNTER.after(NOW, NOW)
    two = COUNTER.after(one, NOW + 10)
    assert two - ADDRESS.cost == one


def test_a_clock_that_was_set_back_locks_no_client_out_for_longer_than_the_window():
    years_ahead = NOW + 10**12
    assert COUNTER.wait(years_ahead, NOW) <= ADDRESS.window


@pytest.mark.parametrize("limit", [ADDRESS, SITE, TEAM, Limit(3, 10)])
def test_every_limit_lets_in_exactly_as_many_as_it_says(limit: Limit):
    assert failures_that_fit([0] * 200, limit) == limit.failures


@pytest.mark.parametrize(
    ("address", "keys"),
    [
        ("192.0.2.1", ["192.0.2.1"]),
        ("192.0.2.1:4711", ["192.0.2.1"]),
        ("::ffff:192.0.2.1", ["192.0.2.1"]),
        ("2001:db8:1:2:3:4:5:6", ["2001:db8:1:2::/64", "2001:db8:1::/48"]),
        ("[2001:db8:1:2::9]:443", ["2001:db8:1:2::/64", "2001:db8:1::/48"]),
        ("fe80::1%eth0", ["fe80::/64", "fe80::/48"]),
        ("::1", ["::/64", "::/48"]),
        ("", ["unknown"]),
        ("unix:", ["unknown"]),
        ("a-name", ["unknown"]),
        ("1.2.3.4.5", ["unknown"]),
    ],
)
def test_an_address_is_counted_as_the_customer_behind_it(address: str, keys: list[str]):
    assert [counter.key for counter in counters_of(address)] == keys


def test_a_64_is_as_strict_as_one_ipv4_address_and_a_48_looser():
    narrow, wide = counters_of("2001:db8::1")
    assert (narrow.limit, wide.limit) == (ADDRESS, SITE)
    assert ADDRESS.failures < SITE.failures < TEAM.failures


def test_guesses_from_all_over_a_48_are_stopped_by_it():
    levels: dict[str, int] = {}
    taken = 0
    for number in range(100):
        claim = Claim.of(f"2001:db8:0:{number:x}::1", ["1"])
        taken += bool(reserve(levels, claim).taken)
    assert taken == SITE.failures


def test_a_wrong_password_is_against_the_one_team_that_can_be_meant_else_against_all():
    assert Claim.of("192.0.2.1", ["1"]).by_team.key == "team 1"
    assert Claim.of("192.0.2.1", ["1", "2"]).by_team.key == "team *"


class TestFloodOfAddresses:
    @pytest.fixture
    def levels(self) -> dict[str, int]:
        levels: dict[str, int] = {}
        for number in range(1000):
            reserve(levels, Claim.of(f"10.1.{number // 250}.{number % 250}", ["1"]))
        return levels

    def test_a_stranger_is_refused(self, levels: dict[str, int]):
        assert reserve(levels, Claim.of("192.0.2.1", ["1"])).wait_ms > 0

    def test_a_known_client_is_not_and_is_still_limited_alone(self, levels: dict[str, int]):
        claim = Claim.of("192.0.2.1", ["1"])
        answers = [reserve(levels, claim, known=True) for _ in range(6)]
        assert [bool(answer.taken) for answer in answers] == [True] * 5 + [False]

    def test_a_random_credential_is_not_and_is_still_limited_alone(self, levels: dict[str, int]):
        claim = Claim.of("192.0.2.1", ["1"], is_random=True)
        answers = [reserve(levels, claim) for _ in range(6)]
        assert [bool(answer.taken) for answer in answers] == [True] * 5 + [False]

    def test_another_team_is_unharmed(self, levels: dict[str, int]):
        assert reserve(levels, Claim.of("192.0.2.1", ["2"])).taken


def failures_that_fit(moments: list[int], limit: Limit = ADDRESS) -> int:
    counter = Counter("a place", limit)
    clear_at, fitting = NOW, 0
    for moment in moments:
        if not counter.wait(clear_at, NOW + moment):
            clear_at = counter.after(clear_at, NOW + moment)
            fitting += 1
    return fitting


def reserve(levels: dict[str, int], claim: Claim, *, known: bool = False) -> Reservation:
    answer = decide(claim, levels, NOW, lambda: claim.teams if known else frozenset())
    for counter in answer.taken:
        levels[counter.key] = counter.after(levels.get(counter.key, NOW), NOW)
    return answer
