import threading
from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.domain.errors import UpstreamFailed
from oduflow.services.server import reconcile_loop
from oduflow.services.server.databases import Round
from oduflow.services.server.reconcile_loop import ReconcileLoop

ALL = {"1", "2"}


class CountedRounds:
    """Infrastructure that fails on request, and the rounds that reconciled."""

    def __init__(self) -> None:
        self.fails = False
        self.looks: list[set[str]] = []
        self.skipped: list[set[str]] = []
        self.forgotten: list[int] = []
        self.broken: set[str] = set()
        self.restarted: set[str] = set()
        self.databases = self

    def teams(self):
        return frozenset({"1", "2"})

    def ensure(self):
        if self.fails:
            raise UpstreamFailed("The Docker engine does not answer.")
        return SimpleNamespace(ok=True, reason="")

    def keep(self):
        return Round(frozenset(self.broken), frozenset(self.restarted))

    def reconcile(self, *, revive, broken):
        self.looks.append(set(revive))
        self.skipped.append(set(broken))


def test_an_engine_that_went_and_came_back_between_two_rounds_is_a_start_again(world, one):
    one._round()
    one._round()
    world.restarted = {"2"}
    one._round()
    world.restarted = set()
    one._round()

    assert world.looks == [ALL, set(), {"2"}, set()]


def test_what_ran_is_revived_at_the_start_and_then_left_alone(world, one):
    assert [one._round(), one._round()] == [True, True]

    assert world.looks == [ALL, set()]


def test_rows_of_a_team_whose_database_cannot_be_used_wait_and_the_others_do_not(world, one):
    world.broken = {"2"}
    assert one._round()
    world.broken = set()
    one._round()

    assert world.looks == [{"1"}, {"2"}]
    assert world.skipped == [{"2"}, set()]


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

    assert world.looks == [ALL, ALL, set()]


def test_the_firewall_is_kept_while_a_round_hangs(world, one, monkeypatch):
    monkeypatch.setattr(reconcile_loop, "FIREWALL_SECONDS", 0.01)
    kept, end = threading.Event(), threading.Event()
    world.keep_firewall = kept.set
    world.keep = lambda: end.wait(10) and Round(frozenset(), frozenset())

    one.start()
    try:
        assert kept.wait(5)
    finally:
        one.stop()
        end.set()


def test_many_who_start_it_at_once_start_one_thread(one, monkeypatch):
    starts: list[str] = []
    gate = threading.Barrier(8)
    monkeypatch.setattr(one, "_thread", SlowThread(starts))
    monkeypatch.setattr(one, "_firewall", SlowThread([]))

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
    return CountedRounds()


@pytest.fixture
def one(world):
    infrastructure: Any = world
    return ReconcileLoop(
        infrastructure,
        infrastructure,
        lambda: world.forgotten.append(1),
        {"sizes": lambda _stop: None},
    )
