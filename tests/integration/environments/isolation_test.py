"""From inside a running environment, connect to everything it must not reach.

Each attack is tried twice: with the firewall's chains in place, and without them, so that the
defence is seen to be real. Where an attack fails even without our chains, Docker prevents it
(`icc=false`, the isolation of its bridges).
"""

import json
import signal
import socket
from contextlib import ExitStack
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from oduflow.adapters.firewall.iptables import Firewall
from oduflow.adapters.firewall.plan import FirewallPlan
from oduflow.domain.errors import Kind
from tests.support import firewall_world
from tests.support.base_template import give_template
from tests.support.instances import Instance
from tests.support.server import serving
from tests.support.variants import address_of, inside, plan_of, variant

pytestmark = pytest.mark.timeout(300)

EVERYWHERE = ("[server]", '[server]\nhost = "0.0.0.0"')
CONNECT = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def connects(target):
    try:
        socket.create_connection(tuple(target), timeout=2).close()
    except OSError:
        return False
    return True
targets = json.loads(sys.argv[1])
with ThreadPoolExecutor(32) as pool:
    print(json.dumps(dict(zip(targets, pool.map(connects, targets.values())))))
"""
ATTACKS = {
    # attack: whether it succeeds without our chains
    "another environment of the team": False,
    "another team's environment": False,
    "another team's published port, own gateway": True,
    "another team's published port, its gateway": True,
    "another team's published port, docker0": True,
    "another team's published port, the host": True,
    "the server's port, own gateway": True,
    "the server's port, docker0": True,
    "the server's port, the host": True,
    "a host service, own gateway": True,
    "a host service, docker0": True,
    "a host service, the host": True,
    "another team's database": False,
    "metadata": True,
    "link-local": True,
    "private": True,
    "internet": True,
}
Reached = dict[str, bool]


@pytest.fixture(scope="module")
def reached(instance: Instance, sample_repository: str) -> tuple[Reached, Reached]:
    """Answer what blue's environment reaches with our chains, and without them."""
    with variant(instance, EVERYWHERE) as open_instance, ExitStack() as undo:
        give_template(open_instance, "red")
        for team, name in (("blue", "one"), ("blue", "two"), ("red", "theirs")):
            open_instance.ok("create_environment", team, name=name, repo_url=sample_repository)
            undo.callback(open_instance.call, "delete_environment", team, name=name)
        service = undo.enter_context(socket.create_server(("0.0.0.0", 0)))  # noqa: S104
        server = undo.enter_context(serving(open_instance))
        # Stopped, it cannot put the chains back; the kernel still accepts for it.
        server.process.send_signal(signal.SIGSTOP)
        targets = targets_of(open_instance, service.getsockname()[1])
        targets |= outside(open_instance, undo, targets)
        container = plan_of(open_instance, "one").container
        defended = json.loads(inside(container, CONNECT, json.dumps(targets)))
        undo.callback(open_instance.services.deps.infrastructure.apply_firewall)
        assert open_instance.services.firewall.remove(instance.name).ok
        undefended = json.loads(inside(container, CONNECT, json.dumps(targets)))
        return defended, undefended


def targets_of(instance: Instance, service: int) -> dict[str, tuple[str, int]]:
    deps, naming = instance.services.deps, instance.services.deps.naming
    theirs = deps.store.environments.get("red", "theirs")
    database = deps.engine.containers.facts(naming.database("blue"))
    assert theirs is not None
    assert theirs.port is not None
    their_database = deps.engine.containers.facts(naming.database("red"))
    assert database is not None
    assert their_database is not None
    assert set(their_database.addresses) == {naming.team_network("red")}
    hosts = {
        "own gateway": gateway(instance, "blue"),
        "its gateway": gateway(instance, "red"),
        "docker0": firewall_world.address_of("docker0"),
        "the host": address_of_the_host(),
    }
    ports = {
        "another team's published port": theirs.port,
        "the server's port": instance.settings.server.port,
        "a host service": service,
    }
    return {
        "own database": (database.addresses[naming.team_network("blue")], 5432),
        "another environment of the team": (address_of(instance, "two"), 8069),
        "another team's environment": (address_of(instance, "theirs", "red"), 8069),
        "another team's database": (their_database.addresses[naming.team_network("red")], 5432),
    } | {
        f"{what}, {where}": (host, port)
        for what, port in ports.items()
        for where, host in hosts.items()
    }


def outside(
    instance: Instance, undo: ExitStack, targets: dict[str, tuple[str, int]]
) -> dict[str, tuple[str, int]]:
    """Stand a machine outside the host: the internet, a private network, a metadata service."""
    services = instance.services
    world = firewall_world.FirewallWorld(
        instance.name,
        services.engine,
        services.deps.engine.containers,
        services.networks,
        FirewallPlan(instance.name),
        targets={
            "published, localhost": targets["another team's published port, own gateway"],
        },
    )
    firewall_world.outside_machine(world, undo)
    return {name: world.targets[name] for name in ("metadata", "link-local", "private", "internet")}


def gateway(instance: Instance, team: str) -> str:
    facts = instance.services.networks.facts(instance.services.deps.naming.team_network(team))
    assert facts is not None
    return str(IPv4Network(facts.subnet)[1])


def address_of_the_host() -> str:
    """Answer the address the host itself would leave from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent:
        unsent.connect(("192.0.2.1", 9))
        return str(unsent.getsockname()[0])


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_environment_reaches_no_other(reached: tuple[Reached, Reached], attack: str) -> None:
    defended, _ = reached
    assert not defended[attack]


@pytest.mark.parametrize(("attack", "succeeds"), ATTACKS.items())
def test_without_our_chains_the_attack_gets_this_far(
    reached: tuple[Reached, Reached], attack: str, *, succeeds: bool
) -> None:
    _, undefended = reached
    assert undefended[attack] is succeeds


def test_its_database_is_reached_and_only_because_a_rule_of_ours_opens_it(
    reached: tuple[Reached, Reached],
) -> None:
    defended, undefended = reached
    assert defended["own database"]
    assert not undefended["own database"]


def test_every_place_was_attacked(reached: tuple[Reached, Reached]) -> None:
    its_gateway = {"the server's port, its gateway", "a host service, its gateway"}
    assert set(reached[0]) == {*ATTACKS, "own database"} | its_gateway
    assert not any(reached[0][attack] for attack in its_gateway)


def test_where_teams_cannot_be_kept_apart_nothing_is_created(
    instance: Instance, sample_repository: str, tmp_path: Path
) -> None:
    (tmp_path / "net").mkdir()
    with variant(instance) as blind:
        for part in (blind.services.deps, blind.services.probe):
            part.infrastructure.firewall = Firewall(tmp_path)
        made = blind.call("create_environment", name="open", repo_url=sample_repository)
        assert made.error is not None
        assert made.error.kind is Kind.FORBIDDEN
        assert "allow_unisolated" in made.error.hint
        parts = {found.part: found for found in blind.services.probe.findings()}
        assert not parts["isolation"].ok
    assert instance.services.deps.store.environments.get("blue", "open") is None
    with variant(
        instance, ("[team.blue]", "[firewall]\nallow_unisolated = true\n[team.blue]")
    ) as ok:
        for part in (ok.services.deps, ok.services.probe):
            part.infrastructure.firewall = Firewall(tmp_path)
        ok.services.deps.infrastructure.require("blue")
        parts = {found.part: found for found in ok.services.probe.findings()}
        assert parts["isolation"].ok
        assert "reduced" in parts["isolation"].message
