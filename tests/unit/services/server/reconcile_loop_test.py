import threading
from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.domain.errors import UpstreamFailed
from oduflow.services.server.reconcile_loop import ReconcileLoop


class World:
    """Infrastructure that fails on request, and the rounds that reconciled."""

    def __init__(self) -> None:
        self.fails = False
        self.looks: list[bool] = []
        self.forgotten: list[int] = []
        self.database_began = "at noon"

    def ensure(self):
        if self.fails:
            raise UpstreamFailed("The Docker engine does not answer.")
        return SimpleNamespace(ok=True, reason="")

    def database_since(self) -> str:
        return self.database_began


def test_an_engine_that_went_and_came_back_between_two_rounds_is_a_start_again(world, one):
    one._round()
    one._round()
    world.database_began = "at one"
    one._round()
    one._round()

    assert world.looks == [True, False, True, False]


def test_what_ran_is_revived_at_the_start_and_then_left_alone(world, one):
    assert [one._round(), one._round()] == [True, True]

    assert world.looks == [True, False]


def test_teams_that_are_gone_are_forgotten_also_while_there_is_no_engine(world, one):
    world.fails = True

    one._round()

    assert world.forgotten == [1]


def test_an_engine_that_comes_back_is_a_start_again(world, one):
    one._round()
    world.fails = True
    assert not one._round()
    world.fails = False
    one._round()
    one._round()

    assert world.looks == [True, True, False]


def test_many_who_start_it_at_once_start_one_thread(one, monkeypatch):
    starts: list[str] = []
    gate = threading.Barrier(8)
    monkeypatch.setattr(one, "_thread", SlowThread(starts))

    def start() -> None:
        gate.wait(5)
        one.start()

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert starts == ["started"]


class SlowThread:
    """A thread that is alive only some time after its start."""

    def __init__(self, starts: list[str]) -> None:
        self._starts = starts

    def is_alive(self) -> bool:
        return False

    def start(self) -> None:
        self._starts.append("started")


@pytest.fixture
def world():
    return World()


@pytest.fixture
def one(world):
    infrastructure: Any = world
    reconciler: Any = SimpleNamespace(reconcile=lambda *, at_start: world.looks.append(at_start))
    return ReconcileLoop(infrastructure, reconciler, lambda: world.forgotten.append(1))
