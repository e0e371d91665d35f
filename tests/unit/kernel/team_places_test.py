import threading
from contextlib import ExitStack

import pytest

from oduflow.domain.errors import Busy, Cancelled
from oduflow.domain.progress_monitor import UNWATCHED, ProgressMonitor
from oduflow.kernel.team_places import TeamPlaces


def test_a_team_has_no_more_places_than_its_own_limit(places):
    with held(places, "1", "1", "1"), pytest.raises(Busy, match="Other git calls"):
        hold(places, "1")


def test_a_team_always_has_a_place_however_many_the_others_hold(places):
    with held(places, "1", "1", "1", "2", "2"):
        with pytest.raises(Busy):
            hold(places, "2")  # the shared ones are taken

        hold(places, "3")
        hold(places, "4")


def test_a_team_has_as_many_places_of_its_own_as_there_are():
    places = TeamPlaces("requests", of_a_team=4, shared=2, own=2)

    assert [places.take("1") for _ in range(5)] == [True] * 4 + [False]
    assert [places.take("2") for _ in range(3)] == [True, True, False]
    places.give_back("1")
    assert places.take("2"), "a shared place is free again"
    assert (places.held("1"), places.held("2"), places.held("3")) == (3, 3, 0)


def test_a_place_is_free_again_after_a_failure(places):
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), places.hold("1", seconds=0):
            raise ZeroDivisionError

    with held(places, "1", "1", "1"):
        pass


def test_who_waits_is_told_so_and_goes_on_when_a_place_is_free(places):
    told: list[str] = []
    took = threading.Event()

    def wait() -> None:
        with places.hold("1", seconds=10, monitor=ProgressMonitor(told.append)):
            took.set()

    thread = threading.Thread(target=wait)
    with held(places, "1", "1", "1"):
        thread.start()
        assert not took.wait(0.1)
    thread.join(5)

    assert took.is_set()
    assert told == ["waiting for other git calls to end"]


def test_who_is_cancelled_no_longer_waits(places):
    cancelled = ProgressMonitor(cancelled=lambda: True)

    with held(places, "1", "1", "1"), pytest.raises(Cancelled, match="waiting for other git calls"):
        hold(places, "1", cancelled, seconds=10)


def hold(places: TeamPlaces, team: str, monitor=UNWATCHED, seconds: float = 0) -> None:
    with places.hold(team, seconds=seconds, monitor=monitor):
        pass


def held(places: TeamPlaces, *teams: str) -> ExitStack:
    stack = ExitStack()
    for team in teams:
        stack.enter_context(places.hold(team, seconds=0))
    return stack


@pytest.fixture
def places() -> TeamPlaces:
    return TeamPlaces("git calls", of_a_team=3, shared=3)
