"""Free subnets and bridge names on this machine."""

import hashlib
import json
import subprocess
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path

from oduflow.domain.errors import Invalid, QuotaReached

_LONGEST_INTERFACE = 15  # IFNAMSIZ less its closing zero, linux/if.h
_TEAM_PREFIX = 24
# A VPN for all traffic sets 0.0.0.0/1 and 128.0.0.0/1, which are ignored like a default route.
_SHORTEST_ROUTE = 8
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def bridge_name(instance: str, what: str) -> str:
    """Return the bridge name of a network: the same on every start, at most 15 characters.

    `oduflow-net` stays readable; a name too long to fit becomes its beginning and a hash.
    """
    name = f"{instance}-{what}"
    # With a dash in `what`, two different pairs could make the same name.
    if len(name) <= _LONGEST_INTERFACE and "-" not in what:
        return name
    digest = hashlib.sha256(f"{instance}/{what}".encode()).hexdigest()[:10]
    return f"{instance[:4]}-{digest}"


def first_free(pool: IPv4Network, taken: Iterable[IPv4Network]) -> IPv4Network:
    """Return the first /24 of the pool that overlaps no taken network.

    Raises:
        Invalid: the pool is smaller than a /24.
        QuotaReached: every /24 of it is taken.
    """
    if pool.prefixlen > _TEAM_PREFIX:
        raise Invalid(
            f"[server] subnet_pool {pool} is smaller than one team's network.",
            "Give it at least a /24; a /16 is enough for 256 teams.",
        )
    used = tuple(taken)
    for subnet in pool.subnets(new_prefix=_TEAM_PREFIX):
        if not any(subnet.overlaps(each) for each in used):
            return subnet
    raise QuotaReached(
        f"No free network is left in {pool}: Docker's networks and this machine's routes take all.",
        "Set [server] subnet_pool to a private range that nothing else uses.",
    )


def host_routes() -> list[IPv4Network]:
    """Return the networks in all routing tables of this machine, without default routes."""
    try:
        output = subprocess.run(
            ["ip", "-j", "-4", "route", "show", "table", "all"],
            capture_output=True,
            check=True,
            timeout=10,
            env=_ENVIRONMENT,
        ).stdout
        return routes_of_ip(output.decode())
    except (OSError, subprocess.SubprocessError, ValueError):
        # No iproute2, or an old one without JSON: read the kernel's list of its main table.
        return routes_of_kernel(Path("/proc/net/route").read_text(encoding="ascii"))


def routes_of_ip(output: str) -> list[IPv4Network]:
    """Parse the output of `ip -j -4 route`."""
    targets = (each["dst"] for each in json.loads(output or "[]"))
    return _narrow(IPv4Network(each) for each in targets if each != "default")


def routes_of_kernel(table: str) -> list[IPv4Network]:
    """Parse /proc/net/route: hexadecimal, in the byte order of the machine (little-endian)."""
    rows = (line.split() for line in table.splitlines()[1:])
    return _narrow(IPv4Network((_address(row[1]), _address(row[7]))) for row in rows)


def _address(text: str) -> str:
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(text)))


def _narrow(routes: Iterable[IPv4Network]) -> list[IPv4Network]:
    return [each for each in routes if each.prefixlen >= _SHORTEST_ROUTE]
