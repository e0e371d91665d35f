"""Two teams, a database, pip, the host and a machine outside: which can connect to which.

Every listener answers with its own name, so that a probe knows which one it reached. The machine
outside is a network namespace behind a veth pair; it represents the internet, a private network,
and a cloud's metadata service.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from threading import Thread

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.firewall.iptables import Firewall
from oduflow.adapters.firewall.plan import FirewallPlan, TeamNet
from oduflow.domain.container import Attachment, ContainerSpec, NetworkFacts, Publish
from tests.support.networks import make_network
from tests.support.ports import free_port

IMAGE = "odoo:19.0"
METADATA = "169.254.169.254"

LISTEN = """
import socket, sys, threading
def serve(listener):
    while True:
        client, _ = listener.accept()
        with client:
            client.sendall(sys.argv[1].encode())
for port in sys.argv[2:]:
    listener = socket.create_server(
        ("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True
    ) if sys.argv[1].startswith("c") else socket.create_server(("0.0.0.0", int(port)))
    threading.Thread(target=serve, args=(listener,)).start()
threading.Event().wait()
"""

PROBE = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def ask(target):
    try:
        with socket.create_connection(tuple(target), timeout=1.5) as connection:
            return connection.recv(64).decode()
    except OSError:
        return ""
targets = json.loads(sys.argv[1])
with ThreadPoolExecutor(32) as pool:
    print(json.dumps(dict(zip(targets, pool.map(ask, targets.values())))))
"""

# Duplicate address detection: an address is tentative, and unusable, for a moment
# (RFC 4862, section 5.4); the fifth column's flag 0x40 in /proc/net/if_inet6 says so.
SETTLED = """
import time
for attempt in range(100):
    rows = [line.split() for line in open("/proc/net/if_inet6")]
    found = [row[0] for row in rows if row[0].startswith("fe80") and not int(row[4], 16) & 0x40]
    if found:
        break
    time.sleep(0.1)
print(found[0])
"""

Target = tuple[str, int]


@dataclass
class FirewallWorld:
    """The containers, and their addresses."""

    instance: str
    engine: Engine
    containers: Containers
    networks: Networks
    plan: FirewallPlan
    firewall: Firewall = field(default_factory=Firewall)
    targets: dict[str, Target] = field(default_factory=dict)
    outside: str = ""

    def probe(self, who: str, targets: Iterable[str] | Mapping[str, Target]) -> dict[str, str]:
        """Connect from a container, the host or outside; return which listener each reached."""
        chosen = (
            targets
            if isinstance(targets, Mapping)
            else {name: self.targets[name] for name in targets}
        )
        argument = json.dumps(chosen)
        if who == "host":
            return ran([sys.executable, "-c", PROBE, argument])
        if who == "outside":
            return ran(["ip", "netns", "exec", self.outside, sys.executable, "-c", PROBE, argument])
        return dict(json.loads(self.run(who, PROBE, argument)))

    def run(self, who: str, program: str, *arguments: str) -> str:
        """Run Python in a container."""
        api = self.engine.api
        name = f"{self.instance}-{who}"
        made = api.exec_create(name, ["python3", "-c", program, *arguments])
        return str(api.exec_start(made["Id"]).decode())


@contextmanager
def standing_world() -> Iterator[FirewallWorld]:
    """Make everything; remove it by name at the end."""
    instance = f"test-fw-{os.getpid()}-{secrets.token_hex(2)}"
    engine = Engine()
    world = FirewallWorld(
        instance, engine, Containers(engine), Networks(engine), FirewallPlan(instance)
    )
    with ExitStack() as undo:
        undo.callback(engine.close)
        undo.callback(world.firewall.remove, instance)
        nets = {
            what: network(world, undo, what, icc=what in ("c", "net", "pip"))
            for what in ("a", "b", "c", "net", "pip")
        }
        port = host_service(world, undo)
        listeners(world, undo, nets)
        outside_machine(world, undo)
        world.plan = FirewallPlan(
            instance,
            net_bridge=nets["net"].bridge,
            net_ports=(port,),
            teams=(
                TeamNet(
                    nets["a"].bridge,
                    IPv4Network(nets["a"].subnet),
                    IPv4Address(world.targets["db"][0]),
                ),
                TeamNet(nets["b"].bridge, IPv4Network(nets["b"].subnet)),
                TeamNet(nets["c"].bridge, IPv4Network(nets["c"].subnet)),
            ),
            build_net=nets["pip"].bridge,
        )
        yield world


def network(world: FirewallWorld, undo: ExitStack, what: str, *, icc: bool) -> NetworkFacts:
    """Make a network as the product does (`icc=false`), or one without Docker's isolation."""
    name = f"{world.instance}-{what}"
    undo.callback(world.networks.remove, name)
    return make_network(world.networks, world.instance, name, icc=icc)


def host_service(world: FirewallWorld, undo: ExitStack) -> int:
    """Listen on every address of the host, like a carelessly bound service."""
    listener = undo.enter_context(
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    )
    undo.callback(listener.shutdown, socket.SHUT_RDWR)
    Thread(target=answer, args=(listener,), daemon=True).start()
    port = int(listener.getsockname()[1])
    world.targets["docker0"] = (address_of("docker0"), port)
    return port


def answer(listener: socket.socket) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            client.sendall(b"host")


def listeners(world: FirewallWorld, undo: ExitStack, nets: Mapping[str, NetworkFacts]) -> None:
    """Start the containers and record where each listens."""
    port = world.targets["docker0"][1]
    published = free_port()
    publish = (Publish(8069, "0.0.0.0", published),)  # noqa: S104 - as an operator may
    database = address(nets["a"], 10)
    start(world, undo, "a1", nets["a"], 1)
    start(world, undo, "a2", nets["a"], 8069)
    start(world, undo, "b1", nets["b"], 8069, publish=publish)
    start(world, undo, "c1", nets["c"], 1)
    start(world, undo, "c2", nets["c"], 8069)
    start(world, undo, "p1", nets["pip"], 1)
    start(world, undo, "db", nets["net"], 5432, 5433)
    world.networks.connect(nets["a"].name, f"{world.instance}-db", database)
    link_local(world, "c1")  # the client needs a usable address, too
    world.targets |= {
        "neighbour": (where(world, "a2", nets["a"]), 8069),
        "other team": (where(world, "b1", nets["b"]), 8069),
        "careless neighbour": (where(world, "c2", nets["c"]), 8069),
        "careless neighbour, IPv6": (link_local(world, "c2"), 8069),
        "host over IPv6": (f"{link_local_of(nets['c'].bridge)}%eth0", port),
        "db": (database, 5432),
        "db, other port": (database, 5433),
        "published, own gateway": (address(nets["a"], 1), published),
        "published, its gateway": (address(nets["b"], 1), published),
        "published, localhost": ("127.0.0.1", published),
    }
    world.targets |= {f"host, gateway {what}": (address(nets[what], 1), port) for what in nets}


def start(
    world: FirewallWorld,
    undo: ExitStack,
    who: str,
    net: NetworkFacts,
    *ports: int,
    publish: tuple[Publish, ...] = (),
) -> None:
    name = f"{world.instance}-{who}"
    # This engine switches IPv6 off in containers, newer ones do not: those of C have it on.
    ipv6 = {"net.ipv6.conf.all.disable_ipv6": "0", "net.ipv6.conf.default.disable_ipv6": "0"}
    undo.callback(world.containers.remove, name)
    world.containers.create(
        ContainerSpec(
            name,
            IMAGE,
            {"test.instance": world.instance},
            entrypoint=("python3", "-c", LISTEN, who, *map(str, ports)),
            networks=(Attachment(net.name),),
            publish=publish,
            sysctls=ipv6 if who.startswith("c") else {},
        )
    )
    world.containers.start(name)


def outside_machine(world: FirewallWorld, undo: ExitStack) -> None:
    """Put a machine behind a veth pair, with a public, a private and two link-local addresses."""
    name = f"tfw{secrets.token_hex(4)}"
    third, last = secrets.randbelow(200) + 20, secrets.randbelow(60) * 4
    ours, theirs = (f"169.254.{third}.{last + each}" for each in (1, 2))
    public, private = f"198.51.100.{third}", f"192.168.{third}.{last + 1}"
    sh("ip", "netns", "add", name)
    undo.callback(sh, "ip", "netns", "delete", name)
    sh("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
    sh("ip", "address", "add", f"{ours}/30", "dev", name)
    sh("ip", "link", "set", name, "up")
    inside = ("ip", "-n", name)
    sh(*inside, "link", "set", "lo", "up")
    sh(*inside, "link", "set", "eth0", "up")
    sh(*inside, "address", "add", f"{theirs}/30", "dev", "eth0")
    sh(*inside, "route", "add", "default", "via", ours)
    for extra in (public, private, METADATA):
        sh(*inside, "address", "add", f"{extra}/32", "dev", "lo")
        # A metric of its own: another world may have the same route to its own machine.
        metric = str(1000 + secrets.randbelow(1 << 24))
        sh("ip", "route", "add", f"{extra}/32", "via", theirs, "dev", name, "metric", metric)
    server = subprocess.Popen(
        ["ip", "netns", "exec", name, sys.executable, "-c", LISTEN, "outside", "53", "80"]
    )
    undo.callback(server.wait)
    undo.callback(server.kill)
    world.outside = name
    world.targets |= {
        "link-local": (theirs, 80),
        "metadata": (METADATA, 80),
        "private": (private, 80),
        "internet": (public, 80),
        "published, from outside": (ours, world.targets["published, localhost"][1]),
    }
    while world.probe("host", ["internet"])["internet"] != "outside":
        if server.poll() is not None:
            raise AssertionError("the machine outside did not start")


def where(world: FirewallWorld, who: str, net: NetworkFacts) -> str:
    facts = world.containers.facts(f"{world.instance}-{who}")
    assert facts is not None
    return facts.addresses[net.name]


def address(net: NetworkFacts, number: int) -> str:
    return str(IPv4Network(net.subnet)[number])


def address_of(interface: str) -> str:
    (told,) = json.loads(sh("ip", "-j", "-4", "address", "show", interface))
    return str(told["addr_info"][0]["local"])


def link_local_of(interface: str) -> str:
    """Return a bridge's own IPv6 address, once it may be used."""
    show = ("ip", "-j", "-6", "address", "show", "dev", interface, "scope", "link", "-tentative")
    until = time.monotonic() + 10
    while not (told := [row["addr_info"] for row in json.loads(sh(*show)) if row]):
        if time.monotonic() > until:
            raise AssertionError(f"{interface} has no settled IPv6 address")
        time.sleep(0.1)
    return str(told[0][0]["local"])


def link_local(world: FirewallWorld, who: str) -> str:
    """Return a container's own IPv6 address, once it may be used."""
    raw = world.run(who, SETTLED).strip()
    groups = (raw[at : at + 4] for at in range(0, 32, 4))
    return f"{':'.join(groups)}%eth0"


def sh(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def ran(command: list[str]) -> dict[str, str]:
    return dict(json.loads(sh(*command)))
