"""Networks: each is a bridge on the host, with IPv4 only and a subnet of our choice."""

from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv4Network, ip_network
from typing import Any

from docker.errors import APIError
from docker.errors import NotFound as EngineHasNone
from docker.types import IPAMConfig, IPAMPool

from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.errors import NameTaken, translated
from oduflow.adapters.docker.facts import BRIDGE_NAME, label_filter, network_facts
from oduflow.adapters.docker.subnets import first_free, host_routes
from oduflow.domain.container import NetworkFacts
from oduflow.domain.errors import Conflict

_ICC = "com.docker.network.bridge.enable_icc"
_MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"
_FORBIDDEN = 403


class Networks:
    """The engine's bridge networks, addressed by name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ensure(
        self,
        name: str,
        *,
        bridge_name: str,
        subnet: IPv4Network,
        icc: bool,
        labels: Mapping[str, str],
    ) -> NetworkFacts:
        """Create a network, or check that the existing one is as asked.

        Args:
            name: the network's name.
            bridge_name: its interface on the host, at most 15 characters.
            subnet: its addresses; the host gets the first one.
            icc: whether its containers may reach each other without a firewall rule.
            labels: mark the network as the instance's.

        Raises:
            Conflict: it exists with another subnet, bridge or setting.
            SubnetTaken: another network has the subnet or the bridge.
        """
        options = {BRIDGE_NAME: bridge_name, _ICC: str(icc).lower(), _MASQUERADE: "true"}
        found = self._find(name)
        if found is None:
            with suppress(NameTaken):  # another process made it just now; it is compared below
                self._create(name, subnet, options, labels)
            found = self._find(name)
        if found is None:
            raise Conflict(f"Network “{name}” was removed while it was made.", "Try again.")
        _compare(found, subnet, options)
        return network_facts(found)

    def facts(self, name: str) -> NetworkFacts | None:
        """Return the facts of a network by its full name, None when there is none."""
        found = self._find(name)
        return None if found is None else network_facts(found)

    def subnets_in_use(self) -> list[IPv4Network]:
        """Return the networks that none may overlap: Docker's subnets and the host's routes."""
        with translated("list the networks"):
            networks = self._engine.api.networks()
        pools = [pool for each in networks for pool in each["IPAM"].get("Config") or ()]
        subnets = (ip_network(pool["Subnet"]) for pool in pools if pool.get("Subnet"))
        return [each for each in subnets if isinstance(each, IPv4Network)] + host_routes()

    def free_subnet(self, pool: IPv4Network) -> IPv4Network:
        """Return the first /24 of the pool that overlaps nothing in use.

        When another process takes it meanwhile, `ensure` raises SubnetTaken: call this again.

        Raises:
            Invalid: the pool is smaller than a /24.
            QuotaReached: nothing is free in it.
        """
        return first_free(pool, self.subnets_in_use())

    def connect(self, name: str, container: str, address: str = "") -> None:
        """Connect a container to a network, at a fixed address if one is given.

        Raises:
            Conflict: it is connected at another address, or another container has the address.
            NotFound: there is no such network or container.
        """
        with translated(f"join container “{container}” to network “{name}”"):
            try:
                self._engine.api.connect_container_to_network(
                    container, name, ipv4_address=address or None
                )
            except APIError as cause:
                if "already exists in network" in str(cause.explanation):
                    self._compare_address(name, container, address)
                elif "Address already in use" in str(cause.explanation):
                    raise Conflict(
                        f"Another container has the address {address} in network “{name}”."
                    ) from cause
                else:
                    raise

    def remove(self, name: str) -> None:
        """Remove a network; a missing one is no error.

        Raises:
            Conflict: containers are still connected to it.
        """
        with translated(f"remove network “{name}”"), suppress(EngineHasNone):
            self._engine.api.remove_network(name)

    def list(self, labels: Mapping[str, str]) -> tuple[NetworkFacts, ...]:
        """Return every network with all these labels; an empty value matches any value."""
        with translated("list the networks"):
            found = self._engine.api.networks(filters=label_filter(labels))
        return tuple(network_facts(each) for each in found)

    def _find(self, name: str) -> dict[str, Any] | None:
        with translated(f"look up network “{name}”"):
            try:
                found: dict[str, Any] = self._engine.api.inspect_network(name)
            except EngineHasNone:
                return None
        # The engine also accepts the first characters of an id as a name.
        return found if found["Name"] == name else None

    def _create(
        self,
        name: str,
        subnet: IPv4Network,
        options: Mapping[str, str],
        labels: Mapping[str, str],
    ) -> None:
        pool = IPAMPool(subnet=str(subnet), gateway=str(next(subnet.hosts())))
        with translated(f"create network “{name}”"):
            self._engine.api.create_network(
                name,
                driver="bridge",
                options=dict(options),
                ipam=IPAMConfig(pool_configs=[pool]),
                check_duplicate=True,
                labels=dict(labels),
                enable_ipv6=False,
            )

    def _compare_address(self, name: str, container: str, address: str) -> None:
        joined = self._engine.api.inspect_container(container)["NetworkSettings"]["Networks"]
        settings = joined[name]
        fixed = (settings.get("IPAMConfig") or {}).get("IPv4Address") or settings.get("IPAddress")
        if address and fixed != address:
            raise Conflict(
                f"Container “{container}” is in network “{name}” at {fixed}, not at {address}.",
                "Disconnect it first.",
            )


def _compare(found: Mapping[str, Any], subnet: IPv4Network, options: Mapping[str, str]) -> None:
    """Raise Conflict when an existing network is not as asked."""
    facts = network_facts(found)
    differing = [
        key for key, value in options.items() if (found["Options"] or {}).get(key) != value
    ]
    if facts.subnet != str(subnet):
        differing.append(f"subnet {facts.subnet} instead of {subnet}")
    if found.get("EnableIPv6"):
        differing.append("IPv6 on")
    if differing:
        raise Conflict(
            f"Network “{facts.name}” exists, but differs: {', '.join(differing)}.",
            f"Remove it if nothing uses it: `docker network rm {facts.name}`.",
        )
