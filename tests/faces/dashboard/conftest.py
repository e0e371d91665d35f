import pytest

from tests.support.dashboard_world import Ledger, make_dashboard
from tests.support.fakes import World


@pytest.fixture
def both() -> tuple[World, Ledger]:
    return make_dashboard()


@pytest.fixture
def world(both: tuple[World, Ledger]) -> World:
    return both[0]


@pytest.fixture
def ledger(both: tuple[World, Ledger]) -> Ledger:
    return both[1]
