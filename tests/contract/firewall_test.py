"""The firewall in memory; tests/integration/firewall/contract_test.py has the real half."""

import pytest

from oduflow.adapters.firewall.plan import FirewallPlan
from tests.contract.suites.firewall import FirewallContract
from tests.support.memory.firewall import MemoryFirewall


class TestFirewallInMemory(FirewallContract):
    """Plans in a dictionary."""

    @pytest.fixture
    def firewall(self) -> MemoryFirewall:
        return MemoryFirewall()

    @pytest.fixture
    def plan(self) -> FirewallPlan:
        return FirewallPlan("memory")
