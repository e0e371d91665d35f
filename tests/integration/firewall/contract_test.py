"""The real firewall's half of the contract: tests/contract/firewall_test.py has the other."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from oduflow.adapters.firewall.iptables import Firewall
from oduflow.adapters.firewall.plan import FirewallPlan
from tests.contract.suites.firewall import FirewallContract
from tests.support.firewall_world import FirewallWorld


class TestFirewall(FirewallContract):
    """The filter tables of this host."""

    @pytest.fixture
    def firewall(self, standing: FirewallWorld) -> Firewall:
        return standing.firewall

    @pytest.fixture
    def plan(self, standing: FirewallWorld) -> Iterator[FirewallPlan]:
        """A plan of an instance of its own, for the bridges of the world."""
        plan = replace(standing.plan, instance=f"{standing.instance}-own")
        yield plan
        standing.firewall.remove(plan.instance)
