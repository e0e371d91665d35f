"""The reach matrix: what the attacker tries to connect to, and whether this machine can."""

import errno
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from oduflow.adapters.firewall.plan import FirewallPlan, parse_egress
from oduflow.adapters.firewall.resolvers import host_resolvers
from oduflow.domain.plan import ODOO_PORT, POSTGRES_PORT
from oduflow.services.isolation.canaries import (
    NEIGHBOUR,
    OTHER,
    OTHER_TEAM,
    OWN_TEAM,
    Canaries,
)

CONNECT_SECONDS = 2.0
METADATA = "169.254.169.254"
HTTP, DNS = 80, 53
OWN_DATABASE = "own database"
HOST_PORTS = {"the server": 0, "ssh": 22, "Docker": 2375, "Docker over TLS": 2376}
_ROUTES = Path("/proc/net/route")


@dataclass(frozen=True, slots=True)
class Target:
    """An address and port, and what this machine sees there.

    Attributes:
        control: `connected`, `closed` or empty when this machine gets no answer, so that a
            canary that gets none shows nothing.
        allowed: why the configuration opens it; empty when it does not.
    """

    name: str
    address: str
    port: int
    control: str = ""
    allowed: str = ""


class Host:
    """This machine, as it connects and listens."""

    def connect(self, address: str, port: int) -> str:
        """Return `connected`, `closed` if the address answered so, or empty."""
        try:
            socket.create_connection((address, port), timeout=CONNECT_SECONDS).close()
        except OSError as error:
            return "closed" if error.errno == errno.ECONNREFUSED else ""
        return "connected"

    @contextmanager
    def listening(self, addresses: tuple[str, ...]) -> Iterator[int]:
        """Listen on the same free port of these addresses of this machine, and yield the port."""
        with ExitStack() as undo:
            first = undo.enter_context(socket.create_server((addresses[0], 0)))
            port = int(first.getsockname()[1])
            for address in addresses[1:]:
                undo.enter_context(socket.create_server((address, port)))
            yield port

    def address(self) -> str:
        """Return the address that this machine itself would connect from; empty without a route."""
        with (
            suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent,
        ):
            unsent.connect(("192.0.2.1", 9))  # of no machine (RFC 5737); nothing is sent
            return str(unsent.getsockname()[0])
        return ""

    def router(self) -> str:
        """Return the address of the default route's router; empty without one."""
        with suppress(OSError):
            for line in _ROUTES.read_text("ascii").splitlines()[1:]:
                _, destination, gateway, *_ = line.split()
                if destination == "00000000":
                    return str(IPv4Address(int.from_bytes(bytes.fromhex(gateway), "little")))
        return ""


def gateways(canaries: Canaries) -> tuple[str, str]:
    """Return this machine's addresses in the networks of both teams."""
    subnet = canaries.deps.infrastructure.databases.subnet
    return str(subnet(OWN_TEAM)[1]), str(subnet(OTHER_TEAM)[1])


def targets(canaries: Canaries, host: Host, listener: int) -> tuple[Target, ...]:
    """List every target, each tried from this machine first.

    Args:
        canaries: they run.
        host: this machine.
        listener: the port of this machine on which the check itself listens.
    """
    plan = canaries.deps.infrastructure.firewall_plan()
    tried = (
        *((each, "") for each in _inside(canaries)),
        *((each, port_opened(plan, each[2])) for each in _on_the_machine(canaries, host, listener)),
        *((each, way_opened(plan, each[1], each[2])) for each in _outside(host)),
    )
    with ThreadPoolExecutor(len(tried)) as pool:
        controls = pool.map(lambda each: host.connect(each[0][1], each[0][2]), tried)
        return tuple(
            Target(name, address, port, control, allowed)
            for ((name, address, port), allowed), control in zip(tried, controls, strict=True)
        )


def port_opened(plan: FirewallPlan, port: int) -> str:
    """Return which key opens a port of this machine to environments; empty if none does."""
    return "[firewall] ports opens it" if port in plan.allowed_host_ports else ""


def way_opened(plan: FirewallPlan, address: str, port: int) -> str:
    """Return which key lets environments connect beyond this machine; empty if none does."""
    internet, networks = parse_egress(plan.egress)
    where = IPv4Address(address)
    resolver = port == DNS and where in plan.resolvers
    opened = any(where in network for network in networks) or (
        internet and (resolver or where.is_global)
    )
    return "[firewall] egress opens it" if opened else ""


def _inside(canaries: Canaries) -> Iterator[tuple[str, str, int]]:
    infrastructure = canaries.deps.infrastructure
    yield OWN_DATABASE, infrastructure.database_address(OWN_TEAM), POSTGRES_PORT
    yield "another environment of the team", canaries.address(NEIGHBOUR), ODOO_PORT
    yield "another team's environment", canaries.address(OTHER), ODOO_PORT
    yield "another team's database", infrastructure.database_address(OTHER_TEAM), POSTGRES_PORT


def _on_the_machine(
    canaries: Canaries, host: Host, listener: int
) -> Iterator[tuple[str, str, int]]:
    own, other = gateways(canaries)
    settings = canaries.deps.settings
    yield "a port of this machine, own gateway", own, listener
    yield "a port of this machine, another team's gateway", other, listener
    places = {"own gateway": own, "another team's gateway": other, "its address": host.address()}
    for where, address in places.items():
        if address:
            yield f"another team's published port, {where}", address, canaries.port
            for what, port in HOST_PORTS.items():
                yield f"{what}, {where}", address, port or settings.server.port


def _outside(host: Host) -> Iterator[tuple[str, str, int]]:
    yield "cloud metadata", METADATA, HTTP
    for number, address in enumerate(host_resolvers(), 1):
        yield f"name server {number}", str(address), DNS
    if router := host.router():
        yield "the router", router, HTTP
