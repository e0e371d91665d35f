"""An environment in memory whose tests are run."""

import pytest

from tests.support.held import EnvironmentContents


@pytest.fixture
def held(world, process, sale):
    process.ok("create_environment", **sale)
    made = EnvironmentContents(world, process)
    made.write("first")
    return made


@pytest.fixture
def testing(world, held):
    return world.odoo.testing
