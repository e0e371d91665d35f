"""What every engine's networks do.

Needs `networks`, `containers`, `shell`, and two networks: `network` and `home`.
"""

from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from oduflow.adapters.docker.errors import PortTaken, SubnetTaken
from oduflow.domain.container import Attachment, Publish
from oduflow.domain.errors import Conflict, NotFound, UpstreamFailed
from tests.support.networks import POOL


class NetworksContract:
    """The networks, and the containers that are joined to them."""

    def test_making_a_network_again_answers_it(self, networks, network):
        again = networks.ensure(
            network.name,
            bridge_name=network.bridge,
            subnet=IPv4Network(network.subnet),
            icc=False,
            labels=network.labels,
        )

        assert again == network == networks.facts(network.name)
        assert network.name in {each.name for each in networks.list(network.labels)}
        assert networks.list({"absent": ""}) == ()

    def test_a_network_that_differs_is_a_conflict(self, networks, network):
        with pytest.raises(Conflict):
            networks.ensure(
                network.name,
                bridge_name=network.bridge,
                subnet=networks.free_subnet(POOL),
                icc=False,
                labels=network.labels,
            )

    def test_a_subnet_is_given_once(self, networks, network):
        subnet = IPv4Network(network.subnet)

        assert not networks.free_subnet(POOL).overlaps(subnet)
        with pytest.raises(SubnetTaken):
            networks.ensure(
                f"{network.name}-b",
                bridge_name="br-test-b",
                subnet=subnet,
                icc=False,
                labels=network.labels,
            )
        assert networks.facts(f"{network.name}-b") is None

    def test_a_container_has_its_address_while_it_runs(self, containers, network, shell):
        address = str(IPv4Network(network.subnet)[77])
        containers.create(replace(shell, networks=(Attachment(network.name, address),)))
        created = containers.facts(shell.name)
        containers.start(shell.name)
        running = containers.facts(shell.name)
        containers.remove(shell.name)

        assert (created.addresses, running.addresses) == ({}, {network.name: address})

    def test_a_container_is_given_an_address_of_the_network(self, containers, network, shell):
        containers.create(replace(shell, networks=(Attachment(network.name),)))
        containers.start(shell.name)
        address = containers.facts(shell.name).addresses[network.name]
        containers.remove(shell.name)

        assert IPv4Network(f"{address}/32").subnet_of(IPv4Network(network.subnet))

    def test_joining_again_is_fine_at_the_same_address_only(
        self, containers, networks, network, home, shell
    ):
        first, second = (str(IPv4Network(network.subnet)[last]) for last in (77, 78))
        containers.create(replace(shell, networks=(Attachment(home.name),)))
        containers.start(shell.name)
        networks.connect(network.name, shell.name, first)
        networks.connect(network.name, shell.name, first)

        with pytest.raises(Conflict):
            networks.connect(network.name, shell.name, second)

        assert containers.facts(shell.name).addresses[network.name] == first
        containers.remove(shell.name)

    def test_an_address_is_given_once(self, containers, networks, network, home, shell):
        address = str(IPv4Network(network.subnet)[77])
        first = replace(shell, networks=(Attachment(home.name),))
        other = replace(
            shell, name=f"{shell.name}-b", networks=(Attachment(network.name, address),)
        )
        for spec in (first, other):
            containers.create(spec)
            containers.start(spec.name)

        with pytest.raises(Conflict):
            networks.connect(network.name, shell.name, address)

        containers.remove(shell.name)
        containers.remove(other.name)

    def test_a_container_without_a_network_stays_without(
        self, containers, networks, network, shell
    ):
        containers.create(shell)
        containers.start(shell.name)

        with pytest.raises(UpstreamFailed):
            networks.connect(network.name, shell.name)

        containers.remove(shell.name)

    def test_what_is_not_there_cannot_be_joined(self, networks, network, shell):
        with pytest.raises(NotFound):
            networks.connect(network.name, "no-such-container")
        with pytest.raises(NotFound):
            networks.connect("no-such-network", shell.name)
        assert networks.facts("no-such-network") is None
        networks.remove("no-such-network")

    def test_a_network_in_use_stays(self, containers, networks, network, shell):
        containers.create(replace(shell, networks=(Attachment(network.name),)))
        containers.start(shell.name)

        with pytest.raises(Conflict):
            networks.remove(network.name)

        containers.remove(shell.name)
        networks.remove(network.name)
        assert networks.facts(network.name) is None

    def test_a_published_port_is_given_once(self, containers, network, shell, free_port):
        publish = (Publish(80, "127.0.0.1", free_port),)
        joined = (Attachment(network.name),)
        first = replace(shell, publish=publish, networks=joined)
        second = replace(first, name=f"{shell.name}-b")
        for spec in (first, second):
            containers.create(spec)
        containers.start(first.name)

        with pytest.raises(PortTaken):
            containers.start(second.name)

        containers.remove(first.name)
        containers.start(second.name)
        assert containers.facts(second.name).status == "running"
        containers.remove(second.name)
