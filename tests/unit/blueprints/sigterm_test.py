"""Who answers SIGTERM; what it then does is tried on real servers in integration/web."""

import signal
import threading
import time
from typing import Any

import pytest

from oduflow.blueprints.draining import drain_at_sigterm
from tests.support.fakes import World, make_world

SECONDS = 5


def test_who_answered_it_before_is_asked_at_once_and_only_he_the_next_time(world):
    asked = []
    signal.signal(signal.SIGTERM, theirs := lambda *_: asked.append("theirs"))
    drain_at_sigterm(world.app, world.reconcile_loop.stop)

    signal.raise_signal(signal.SIGTERM)

    assert asked == ["theirs"]
    assert world.context.draining.wait(SECONDS)
    assert signal.getsignal(signal.SIGTERM) is theirs


def test_without_a_handler_the_process_leaves_once_no_call_is_in_flight(world):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    answer = begin_a_call(world)
    drain_at_sigterm(world.app, world.reconcile_loop.stop)
    signal.raise_signal(signal.SIGTERM)
    assert world.context.draining.wait(SECONDS)
    *_, draining = (one for one in threading.enumerate() if one.name == "drain")

    # A second signal ends the process at once.
    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGTERM)

    assert draining.is_alive()
    answer.close()
    with pytest.raises(SystemExit) as left:  # noqa: PT012 - it comes while we wait
        draining.join(SECONDS)
        time.sleep(SECONDS)
    assert left.value.code is None


def test_who_ignores_it_goes_on_to(world):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    drain_at_sigterm(world.app, world.reconcile_loop.stop)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_elsewhere_than_on_the_main_thread_nothing_is_done(world):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    beside = threading.Thread(target=drain_at_sigterm, args=(world.app, world.reconcile_loop.stop))
    beside.start()
    beside.join()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def begin_a_call(world: World) -> Any:
    counted: Any = world.context.calls.counting(lambda _environ, _start: [])
    return counted({}, None)


@pytest.fixture
def world():
    before = signal.getsignal(signal.SIGTERM)
    yield make_world()
    signal.signal(signal.SIGTERM, before)
