"""A team that may have a warm slot."""

import pytest

from oduflow.services.environments.warm.keeper import WarmKeeper
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE

PLENTY = 64 << 30
WARM = f"{BLUE}warm_slots = 1\n"


def idle():
    return False


def keep(process, memory=PLENTY, stopped=idle):
    WarmKeeper(process.deps, lambda: memory).look("1", stopped)


def slots(process):
    return process.deps.store.warm_slots.of("1")


@pytest.fixture
def warm(world, process):
    """A process whose team has a template, and may have a slot."""
    return Process(world, teams=WARM)


@pytest.fixture
def ready(warm, sale):
    """The same, with a slot and without environments."""
    warm.ok("create_environment", **sale | {"name": "first"})
    keep(warm)
    warm.ok("delete_environment", name="first")
    return warm
