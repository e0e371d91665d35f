from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from oduflow.adapters.firewall.plan import FirewallPlan
from oduflow.services.isolation.targets import port_opened, way_opened

CLOSED = FirewallPlan("oduflow", resolvers=(IPv4Address("192.168.1.1"),))
INTERNET = replace(CLOSED, egress=("internet",))
PORTS = replace(CLOSED, allowed_host_ports=(9000,))
NETWORK = replace(CLOSED, egress=("192.168.1.0/24",))


@pytest.mark.parametrize(
    ("plan", "address", "port", "opened"),
    [
        (CLOSED, "192.168.1.1", 53, False),
        (INTERNET, "192.168.1.1", 53, True),
        (INTERNET, "192.168.1.1", 80, False),
        (INTERNET, "169.254.169.254", 80, False),
        (INTERNET, "1.1.1.1", 80, True),
        (NETWORK, "192.168.1.7", 80, True),
        (NETWORK, "192.168.2.7", 80, False),
        (PORTS, "192.168.1.7", 9000, False),
    ],
)
def test_only_egress_opens_the_way_beyond_this_machine(plan, address, port, opened):
    assert way_opened(plan, address, port) == ("[firewall] egress opens it" if opened else "")


def test_only_a_listed_port_of_this_machine_is_opened():
    assert port_opened(PORTS, 9000) == "[firewall] ports opens it"
    assert port_opened(PORTS, 22) == port_opened(NETWORK, 9000) == ""
