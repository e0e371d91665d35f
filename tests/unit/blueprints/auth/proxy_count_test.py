import logging

import pytest

from oduflow.domain.errors import Busy
from oduflow.domain.proxies import FACT, ProxyCount
from tests.support.fakes import BLUE_PASSWORD, ONE_TEAM, FakeFacts, World, basic, make_world

PAGE = "/api/things"


@pytest.mark.parametrize(
    ("trusted", "forwarded"),
    [(0, "192.0.2.1"), (0, "192.0.2.1, 192.0.2.2"), (1, ""), (2, ""), (2, "192.0.2.1")],
)
def test_a_mismatch_is_a_warning_at_the_first_request_and_a_fact(
    trusted: int, forwarded: str, caplog: pytest.LogCaptureFixture
):
    world = behind(trusted)
    ask(world, forwarded)
    ask(world, forwarded)
    [told] = [record for record in caplog.records if "X-Forwarded-For" in record.getMessage()]
    assert told.levelno == logging.WARNING
    assert f"trusted_proxies = {trusted}" in told.getMessage()
    seen = len(forwarded.split(",")) if forwarded else 0
    assert ProxyCount.load(world.facts.get(FACT)) == ProxyCount(trusted, seen)


@pytest.mark.parametrize(
    ("trusted", "forwarded"),
    [(0, ""), (1, "192.0.2.1"), (1, "203.0.113.9, 192.0.2.1"), (2, "192.0.2.1, 192.0.2.2")],
)
def test_what_fits_is_not_told(trusted: int, forwarded: str, caplog: pytest.LogCaptureFixture):
    world = behind(trusted)
    ask(world, forwarded)
    assert caplog.messages == []
    assert world.facts.told == {}


def test_a_mismatch_is_noticed_after_requests_that_fitted(caplog: pytest.LogCaptureFixture):
    """As when a forger came first."""
    world = behind(2)
    ask(world, "203.0.113.9, 192.0.2.1")
    ask(world, "192.0.2.1")
    assert len(caplog.messages) == 1


def test_a_monitor_that_asks_past_the_proxies_is_no_mismatch(caplog: pytest.LogCaptureFixture):
    world = behind(1)
    for path in ("/healthz", "/readyz", "/metrics"):
        world.client().get(path)
    assert caplog.messages == []


def test_a_request_for_a_foreign_name_tells_nothing(caplog: pytest.LogCaptureFixture):
    headers = {"Host": "evil.example", "X-Forwarded-For": "192.0.2.1"}
    behind(0).client().get("/healthz", headers=headers)
    assert caplog.messages == []


def test_what_a_former_server_saw_is_forgotten_at_the_first_request_that_fits():
    world = behind(0)
    world.facts.set(FACT, ProxyCount(0, 1).dump())
    ask(world, "")
    assert ProxyCount.load(world.facts.get(FACT)) is None


def test_a_store_that_cannot_be_written_stops_no_request(caplog: pytest.LogCaptureFixture):
    class LockedFacts(FakeFacts):
        def set(self, key: str, value: str) -> None:
            raise Busy("The store is being written.")

    world = behind(0)
    world.facts = LockedFacts()
    assert ask(world, "192.0.2.1") == 200
    assert "not stored" in caplog.text


def behind(proxies: int) -> World:
    return make_world(f"[server]\ntrusted_proxies = {proxies}\n{ONE_TEAM}")


def ask(world: World, forwarded: str) -> int:
    headers = basic(BLUE_PASSWORD) | ({"X-Forwarded-For": forwarded} if forwarded else {})
    return int(world.client().get(PAGE, headers=headers).status_code)
