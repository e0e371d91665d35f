from oduflow.blueprints.context import ExpiringSet
from tests.support.clocks import SteppedClock


def test_a_key_is_remembered_for_so_long_and_forgotten_by_itself():
    clock = SteppedClock(100.0)
    keys = ExpiringSet(10, clock)
    assert "a" not in keys
    keys.add("a")
    clock.now += 9.9
    assert "a" in keys
    clock.now += 0.1
    assert "a" not in keys


def test_adding_says_whether_the_key_is_new():
    clock = SteppedClock(100.0)
    keys = ExpiringSet(10, clock)
    assert keys.add("a")
    assert not keys.add("a")
    clock.now += 10
    assert keys.add("a")


def test_a_key_can_be_forgotten_at_once():
    keys = ExpiringSet(10)
    keys.add("a")
    keys.discard("a")
    keys.discard("never added")
    assert "a" not in keys


def test_of_too_many_the_latest_are_kept_and_nothing_grows():
    keys = ExpiringSet(10, max_keys=3)
    for number in range(1000):
        keys.add(number)
    assert [number in keys for number in (996, 997, 998, 999)] == [False, True, True, True]
    assert len(keys) == 3
