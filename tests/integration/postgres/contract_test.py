"""The real cluster's half of the contract: tests/contract/postgres_test.py has the other."""

import pytest

from tests.contract.suites.cluster import ClusterContract
from tests.support.tenants import MadeTenant


class TestCluster(ClusterContract):
    """The cluster."""


@pytest.fixture
def odoo(odoo_template: MadeTenant) -> MadeTenant:
    return odoo_template
