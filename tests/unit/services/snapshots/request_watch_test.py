import time

import pytest

from oduflow.services.snapshots import request_watch
from oduflow.services.snapshots.request_watch import RequestWatch


@pytest.fixture
def at(monkeypatch):
    moment = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    return lambda seconds: moment.__setitem__(0, 100.0 + seconds)


def test_a_new_connection_is_a_request(at):
    watch = RequestWatch(since=100.0)
    assert not watch.answers(frozenset())
    at(0.1)
    assert watch.answers({"a"})
    at(0.2)
    assert not watch.answers(frozenset())


def test_a_connection_that_stays_is_a_websocket(at):
    watch = RequestWatch(since=100.0)
    assert watch.answers({"socket"})
    at(request_watch.LONG_SECONDS)
    assert not watch.answers({"socket"})
    assert watch.answers({"socket", "request"})


def test_a_connection_that_comes_again_is_a_new_one(at):
    watch = RequestWatch(since=100.0)
    watch.answers({"a"})
    at(0.5)
    watch.answers(frozenset())
    at(request_watch.LONG_SECONDS)
    assert watch.answers({"a"})


def test_an_odoo_that_is_never_without_requests_is_taken_as_it_is(at):
    watch = RequestWatch(since=100.0)
    for tenth in range(100):
        at(tenth / 10)
        assert watch.answers({f"request {tenth}"})
    at(request_watch.GIVE_UP_SECONDS)
    assert not watch.answers({"another"})
