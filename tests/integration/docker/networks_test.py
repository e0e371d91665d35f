from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.errors import SubnetTaken
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.docker.subnets import bridge_name
from oduflow.domain.container import Attachment, ContainerSpec
from oduflow.domain.errors import Conflict, NotFound
from tests.support.networks import POOL, make_network


def test_a_network_is_made_as_asked_and_only_once(
    engine: Engine, networks: Networks, instance: str, name: str
) -> None:
    facts = make_network(networks, instance, name)
    again = networks.ensure(
        name,
        bridge_name=facts.bridge,
        subnet=IPv4Network(facts.subnet),
        icc=False,
        labels=facts.labels,
    )
    assert again == facts
    assert networks.facts(name) == facts
    assert [each.name for each in networks.list({"test.instance": instance})].count(name) == 1
    described = engine.api.inspect_network(name)
    assert described["EnableIPv6"] is False
    assert described["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    assert bridge_exists(facts.bridge)
    networks.remove(name)
    networks.remove(name)
    assert networks.facts(name) is None
    assert not bridge_exists(facts.bridge)


def test_a_network_that_exists_but_differs_is_reported(
    networks: Networks, instance: str, name: str
) -> None:
    facts = make_network(networks, instance, name)
    other = networks.free_subnet(POOL)
    with pytest.raises(Conflict, match=f"subnet {facts.subnet} instead of {other}"):
        networks.ensure(
            name, bridge_name=facts.bridge, subnet=other, icc=False, labels=facts.labels
        )
    with pytest.raises(Conflict, match="enable_icc"):
        networks.ensure(
            name,
            bridge_name=facts.bridge,
            subnet=IPv4Network(facts.subnet),
            icc=True,
            labels=facts.labels,
        )
    networks.remove(name)


def test_a_subnet_or_bridge_of_another_network_is_taken(
    networks: Networks, instance: str, name: str
) -> None:
    facts = make_network(networks, instance, name)
    with pytest.raises(SubnetTaken):
        networks.ensure(
            f"{name}-2",
            bridge_name=bridge_name(instance, f"{name}2"),
            subnet=IPv4Network(facts.subnet),
            icc=False,
            labels=facts.labels,
        )
    with pytest.raises(SubnetTaken):
        networks.ensure(
            f"{name}-2",
            bridge_name=facts.bridge,
            subnet=networks.free_subnet(POOL),
            icc=False,
            labels=facts.labels,
        )
    networks.remove(name)


def test_a_network_in_use_is_never_offered_as_free(
    networks: Networks, instance: str, name: str
) -> None:
    facts = make_network(networks, instance, name)
    taken = IPv4Network(facts.subnet)
    assert taken in networks.subnets_in_use()
    assert IPv4Network("172.17.0.0/16") in networks.subnets_in_use()
    assert not networks.free_subnet(POOL).overlaps(taken)
    networks.remove(name)


def test_a_container_joins_at_a_fixed_address(
    engine: Engine,
    containers: Containers,
    networks: Networks,
    instance: str,
    name: str,
    shell: ContainerSpec,
) -> None:
    facts = make_network(networks, instance, name)
    address = facts.subnet.replace(".0/24", ".9")
    spec = replace(shell, networks=(Attachment(name),))
    second = f"{name}-2"
    make_network(networks, instance, second)
    containers.create(replace(spec, networks=(Attachment(second),)))
    containers.start(shell.name)
    networks.connect(name, shell.name, address)
    networks.connect(name, shell.name, address)
    assert containers.facts(shell.name).addresses[name] == address  # type: ignore[union-attr]
    with pytest.raises(Conflict, match="not at"):
        networks.connect(name, shell.name, address.replace(".9", ".10"))
    neighbour = replace(spec, name=f"{shell.name}-b")
    containers.create(neighbour)
    engine.api.disconnect_container_from_network(neighbour.name, name, force=True)
    containers.start(neighbour.name)
    with pytest.raises(Conflict, match="Another container has the address"):
        networks.connect(name, neighbour.name, address)
    with pytest.raises(Conflict):
        networks.remove(name)
    with pytest.raises(NotFound):
        networks.connect(f"{name}-none", shell.name)
    for container in (shell.name, neighbour.name):
        containers.remove(container)
    for network in (name, second):
        networks.remove(network)


def test_without_outside_names_only_containers_are_found_and_the_rest_fails_at_once(
    containers: Containers, networks: Networks, instance: str, name: str, shell: ContainerSpec
) -> None:
    make_network(networks, instance, name)
    asking = f"""
import socket, time
began = time.monotonic()
print(socket.gethostbyname("{shell.name}"))
try:
    print(socket.gethostbyname("outside.invalid"))
except OSError:
    print("unknown", time.monotonic() - began < 5)
"""
    spec = replace(
        shell,
        networks=(Attachment(name),),
        outside_names=False,
        entrypoint=("python3", "-c"),
        command=(asking,),
    )
    address, unknown = containers.run_one_off(spec, timeout=30).output.split("\n")
    assert address.startswith("10.212.")
    assert unknown == "unknown True"
    networks.remove(name)


def bridge_exists(bridge: str) -> bool:
    return Path("/sys/class/net", bridge).exists()
