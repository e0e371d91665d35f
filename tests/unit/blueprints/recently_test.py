from oduflow.blueprints.recently import Recently


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_key_is_remembered_for_so_long_and_forgotten_by_itself():
    clock = Clock()
    recently = Recently(10, clock)
    assert "a" not in recently
    recently.add("a")
    clock.now += 9.9
    assert "a" in recently
    clock.now += 0.1
    assert "a" not in recently


def test_adding_says_whether_the_key_is_new():
    clock = Clock()
    recently = Recently(10, clock)
    assert recently.add("a")
    assert not recently.add("a")
    clock.now += 10
    assert recently.add("a")


def test_a_key_can_be_forgotten_at_once():
    recently = Recently(10)
    recently.add("a")
    recently.discard("a")
    recently.discard("never added")
    assert "a" not in recently


def test_of_too_many_the_latest_are_kept_and_nothing_grows():
    recently = Recently(10, most=3)
    for number in range(1000):
        recently.add(number)
    assert [number in recently for number in (996, 997, 998, 999)] == [False, True, True, True]
    assert len(recently._until) == 3
