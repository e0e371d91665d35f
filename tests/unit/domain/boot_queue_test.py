from hypothesis import given
from hypothesis import strategies as st

from oduflow.domain.boot_queue import (
    HALF_LIFE_SECONDS,
    YIELDS_AFTER_SECONDS,
    BootKind,
    RunningBoot,
    WaitingBoot,
    decayed,
    in_turn,
    startable,
)

SERVE, INSTALL = BootKind.SERVE, BootKind.INSTALL
boots = st.lists(st.tuples(st.sampled_from("123"), st.sampled_from(BootKind)), max_size=12).map(
    lambda given: [WaitingBoot(f"j{n}", team, kind) for n, (team, kind) in enumerate(given)]
)


def test_one_create_comes_after_at_most_one_of_forty_of_another_team():
    forty = [waiting(f"a{number}", "1") for number in range(40)]

    order = in_turn([*forty, waiting("b", "2")], [], {})

    assert [boot.job for boot in order][:3] == ["a0", "b", "a1"]


def test_of_two_busy_teams_the_one_with_long_boots_gets_no_more_time():
    long = [waiting(f"a{number}", "1", INSTALL) for number in range(3)]
    short = [waiting(f"b{number}", "2") for number in range(12)]

    order = in_turn([*long, *short], [], {})

    between = [boot.job for boot in order].index("a1") - [boot.job for boot in order].index("a0")
    assert between == 7  # six boots of 5 s for one installation of 30 s


def test_who_holds_slots_now_comes_after_who_holds_none():
    order = in_turn([waiting("a", "1"), waiting("b", "2")], [RunningBoot("1", SERVE, 3.0)], {})

    assert [boot.job for boot in order] == ["b", "a"]


def test_what_was_used_long_ago_counts_no_more():
    assert decayed(100.0, 0.0) == 100.0
    assert decayed(100.0, HALF_LIFE_SECONDS) == 50.0
    assert decayed(100.0, 20 * HALF_LIFE_SECONDS) < 0.001


@given(boots, st.dictionaries(st.sampled_from("123"), st.floats(0, 1e4)))
def test_everybody_gets_a_turn_and_a_team_keeps_its_order(queue, used):
    order = in_turn(queue, [], used)

    assert sorted(boot.job for boot in order) == sorted(boot.job for boot in queue)
    for team in "123":
        mine = [boot for boot in queue if boot.team == team]
        assert [boot for boot in order if boot.team == team] == mine


@given(boots, st.integers(1, 4))
def test_no_more_start_than_there_are_slots_and_one_is_kept_for_boots_that_install_nothing(
    queue, slots
):
    started = startable(queue, [], slots)

    assert len(started) == min(slots, len(started))
    assert [boot.kind for boot in started].count(INSTALL) <= max(1, slots - 1)


def test_an_installation_leaves_the_last_slot_to_a_boot_behind_it():
    queue = [waiting("a", "1", INSTALL), waiting("b", "2", INSTALL), waiting("c", "3")]

    assert [boot.job for boot in startable(queue, [], 2)] == ["a", "c"]


def test_a_boot_that_hangs_delays_its_own_team_only():
    hung = [RunningBoot("1", INSTALL, YIELDS_AFTER_SECONDS), RunningBoot("1", SERVE, 900.0)]
    queue = [waiting("a", "1"), waiting("b", "2"), waiting("c", "2", INSTALL)]

    assert [boot.job for boot in startable(queue, hung, 2)] == ["b", "c"]


def waiting(name: str, team: str, kind: BootKind = SERVE) -> WaitingBoot:
    return WaitingBoot(name, team, kind)
