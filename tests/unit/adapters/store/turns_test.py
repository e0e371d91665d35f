import threading
from collections.abc import Callable
from functools import partial

import pytest

from oduflow.adapters.store.turns import Turns


def test_turns_are_in_the_order_of_asking():
    turns = Turns()
    done: list[int] = []

    with turns.turn(1):
        threads = [waiting(turns, partial(done.append, number), number) for number in range(20)]
    for thread in threads:
        thread.join(10)

    assert done == list(range(20))


def test_only_one_has_the_turn():
    turns, inside, most = Turns(), [], []

    def work() -> None:
        for _ in range(200):
            with turns.turn(10):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(most) == 1600
    assert set(most) == {1}


def test_one_that_gave_up_holds_up_no_other():
    turns, done = Turns(), []
    with turns.turn(1):
        with pytest.raises(TimeoutError), turns.turn(0.01):
            done.append("never")
        thread = waiting(turns, lambda: done.append("taken"), 0)
    thread.join(10)

    assert done == ["taken"]


def test_a_failure_passes_the_turn_on():
    turns = Turns()
    with pytest.raises(ValueError, match="broken"), turns.turn(1):
        raise ValueError("broken")
    with turns.turn(0):
        pass


def waiting(turns: Turns, work: Callable[[], None], before: int) -> threading.Thread:
    """Start a thread, and return when it waits behind so many others."""

    def run() -> None:
        with turns.turn(10):
            work()

    thread = threading.Thread(target=run)
    thread.start()
    while len(turns._waiting) <= before:
        thread.join(0.001)
    return thread
