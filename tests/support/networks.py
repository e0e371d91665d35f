"""Networks for tests, from a separate address range."""

from ipaddress import IPv4Network

from oduflow.adapters.docker.errors import SubnetTaken
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.docker.subnets import bridge_name
from oduflow.domain.container import NetworkFacts

POOL = IPv4Network("10.212.0.0/16")
_ATTEMPTS = 20


def make_network(
    networks: Networks, instance: str, name: str, *, icc: bool = False
) -> NetworkFacts:
    """Make a network in a free subnet; retry if another process takes it first."""
    for _ in range(_ATTEMPTS):
        try:
            return networks.ensure(
                name,
                bridge_name=bridge_name(instance, name),
                subnet=networks.free_subnet(POOL),
                icc=icc,
                labels={"test.instance": instance},
            )
        except SubnetTaken:
            continue
    raise AssertionError(f"no free subnet in {POOL}")
