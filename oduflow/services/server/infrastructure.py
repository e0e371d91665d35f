"""The infrastructure of all environments: networks, database server, firewall, team folders.

Missing parts are created and existing ones are left as they are, so every start and every call can
request it again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from oduflow.adapters.docker.errors import SubnetTaken
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.docker.subnets import bridge_name
from oduflow.adapters.firewall.iptables import Firewall, FirewallState
from oduflow.adapters.firewall.plan import FirewallPlan, TeamNet
from oduflow.adapters.firewall.resolvers import host_resolvers
from oduflow.adapters.locks import FileLocks
from oduflow.domain.errors import Forbidden, UpstreamFailed
from oduflow.domain.plan import DATABASE_HOST_OFFSET, Naming
from oduflow.files.private import make_folder
from oduflow.kernel.locks import LockKey
from oduflow.services.server.database import DatabaseServer
from oduflow.services.server.disk import Disk
from oduflow.settings import Settings

SUBNET_TRIES = 10
LOCK_WAIT_SECONDS = 120.0


@dataclass(slots=True)
class Infrastructure:
    """Creates and checks the infrastructure.

    Attributes:
        isolation: the state of the firewall rules when they were last applied or checked.
    """

    settings: Settings
    naming: Naming
    networks: Networks
    database: DatabaseServer
    firewall: Firewall
    locks: FileLocks
    disk: Disk
    isolation: FirewallState | None = None
    _ensured: bool = False

    def ensure(self, on_progress: Callable[[str], None] = lambda _line: None) -> FirewallState:
        """Create everything that is missing.

        Args:
            on_progress: called with a line before each longer part.

        Returns:
            Whether environments are isolated as planned.

        Raises:
            Failure: a part could not be created.
        """
        with self.locks.acquire(LockKey.infrastructure(), "start", wait=LOCK_WAIT_SECONDS):
            make_folder(self.naming.data_dir)
            self.database.refuse_other_server()  # first: its networks and rules are not ours
            self._network(self.naming.network, "net", icc=True)
            self._network(self.naming.build_network, "build", icc=False)
            subnets = {}
            for team in self.settings.teams:
                make_folder(self.naming.team_folder(team))
                name = self.naming.team_network(team)
                subnets[name] = self._network(name, f"team-{team}", icc=False)
            # Firewall rules first: the database's addresses are never open without them.
            state = self.apply_firewall()
            self.database.ensure(subnets, on_progress)
            self.disk.hold_reserve()
            self._ensured = True
            return state

    def wake(self) -> None:
        """Create what is missing if the database does not answer.

        The server's reconcile loop does this anyway; a command line has no such loop.

        Raises:
            Failure: a missing part could not be created.
        """
        if not self._ensured or not self.database.serves():
            self.ensure()

    def require(self) -> None:
        """Refuse to create an environment when disk, infrastructure or isolation do not allow it.

        Raises:
            Forbidden: several teams are configured and cannot be isolated on this machine.
            QuotaReached: too little disk space is free.
            Failure: a missing part could not be created.
        """
        self.disk.require()
        self.wake()
        state = self.isolation
        if (
            state is not None
            and not state.ok
            and len(self.settings.teams) > 1
            and not self.settings.firewall.allow_unisolated
        ):
            raise Forbidden(
                f"Environments of several teams cannot be isolated here: {state.reason}",
                "Repair the firewall (`oduflow doctor`) or set [firewall] allow_unisolated = true.",
            )

    def apply_firewall(self) -> FirewallState:
        """Apply the firewall rules, also those that another program removed."""
        self.isolation = self.firewall.apply(self.firewall_plan())
        return self.isolation

    def check_firewall(self) -> FirewallState:
        """Check whether the firewall rules are in place, without changing them."""
        self.isolation = self.firewall.check(self.firewall_plan())
        return self.isolation

    def database_since(self) -> str:
        """Return the engine's start time of the database's container."""
        return self.database.since()

    def database_address(self, team: str) -> str:
        """Return the database's address on a team's network."""
        return str(database_address(self._subnet(self.naming.team_network(team))))

    def firewall_plan(self) -> FirewallPlan:
        """Collect the facts from which the firewall rules are computed."""
        configured = self.settings.firewall
        return FirewallPlan(
            instance=self.naming.instance,
            net_bridge=self._bridge("net"),
            net_ports=configured.ports,
            teams=tuple(self._team_nets()),
            build_net=self._bridge("build"),
            # The published ACCEPT rule lets the database's network reach the server, never tenants.
            allowed_host_ports=tuple(
                port for port in configured.ports if port != self.settings.server.port
            ),
            egress=configured.egress,
            resolvers=host_resolvers(),
        )

    def _team_nets(self) -> Iterator[TeamNet]:
        # All existing networks, not only those of configured teams: containers of a team that was
        # removed from the configuration stay isolated. Sorted, because the engine lists networks
        # in any order, and another order would count as another plan.
        known = self.networks.list(self.naming.labels("network"))
        for found in sorted(known, key=lambda network: network.name):
            if found.name.startswith(self.naming.team_network("")):
                subnet = IPv4Network(found.subnet)
                yield TeamNet(found.bridge, subnet, database_address(subnet))

    def _network(self, name: str, what: str, *, icc: bool) -> IPv4Network:
        labels = self.naming.labels("network", network=what)
        known = self.networks.facts(name)
        for _ in range(SUBNET_TRIES):
            subnet = (
                IPv4Network(known.subnet)
                if known is not None
                else self.networks.free_subnet(self.settings.server.subnet_pool)
            )
            try:
                self.networks.ensure(
                    name, bridge_name=self._bridge(what), subnet=subnet, icc=icc, labels=labels
                )
            except SubnetTaken:
                known = self.networks.facts(name)
            else:
                return subnet
        raise UpstreamFailed(
            f"No free subnet was found for network {name}.",
            "Give [server] subnet_pool a private range that nothing else uses.",
        )

    def _subnet(self, network: str) -> IPv4Network:
        facts = self.networks.facts(network)
        if facts is None:
            raise UpstreamFailed(
                f"Network {network} is missing.", "Restart the server: it creates it."
            )
        return IPv4Network(facts.subnet)

    def _bridge(self, what: str) -> str:
        return bridge_name(self.naming.instance, what)


def database_address(subnet: IPv4Network) -> IPv4Address:
    """Compute the database's fixed address in a team's subnet."""
    return subnet.network_address + DATABASE_HOST_OFFSET
