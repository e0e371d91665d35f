"""One world for all tests of a process: making it takes seconds."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.firewall_world import FirewallWorld, standing_world

ROWS = ("a1", "b1", "c1", "p1", "db", "host", "outside")


@pytest.fixture(scope="session")
def world() -> Iterator[FirewallWorld]:
    with standing_world() as world:
        yield world


@pytest.fixture(scope="session")
def undefended(world: FirewallWorld) -> dict[str, dict[str, str]]:
    """Which listeners each container reaches before our rules are set."""
    return probe_all(world)


@pytest.fixture(scope="session")
def defended(
    world: FirewallWorld, undefended: dict[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """Which listeners each container reaches with our rules."""
    state = world.firewall.apply(world.plan)
    assert state.ok, state.reason
    return probe_all(world)


@pytest.fixture
def standing(world: FirewallWorld, defended: dict[str, dict[str, str]]) -> Iterator[FirewallWorld]:
    """The world with its rules set; they are restored after each test."""
    yield world
    assert world.firewall.apply(world.plan).ok


def probe_all(world: FirewallWorld) -> dict[str, dict[str, str]]:
    with ThreadPoolExecutor(len(ROWS)) as pool:
        reached = pool.map(lambda who: world.probe(who, world.targets), ROWS)
        return dict(zip(ROWS, reached, strict=True))
