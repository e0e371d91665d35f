"""The infrastructure of all environments: networks, firewall, team folders, databases.

Missing parts are created and existing ones are left as they are, so every start and every call can
request it again.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from oduflow.adapters.docker.errors import SubnetTaken
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.docker.subnets import bridge_name
from oduflow.adapters.firewall.iptables import Firewall, FirewallState
from oduflow.adapters.firewall.plan import FirewallPlan, TeamNet
from oduflow.adapters.firewall.resolvers import host_resolvers
from oduflow.adapters.locks import FileLocks
from oduflow.adapters.pool import making
from oduflow.adapters.pool.pools import Pools
from oduflow.domain.errors import Busy, Conflict, Forbidden, UpstreamFailed
from oduflow.domain.plan import Naming, database_address
from oduflow.files.private import make_folder
from oduflow.kernel.locks import LockKey
from oduflow.services.server.database import DATA_DIR
from oduflow.services.server.databases import Databases
from oduflow.services.server.disk import Disk
from oduflow.settings import Settings

SUBNET_TRIES = 10
LOCK_WAIT_SECONDS = 120.0
ATTACH_SECONDS = 30.0  # for file systems that are mounted, before the others go on
_ALL = ""  # no team has this name: the pool that an earlier version made for all

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Infrastructure:
    """Creates and checks the infrastructure.

    Attributes:
        isolation: the state of the firewall rules when they were last applied or checked.
    """

    settings: Settings
    naming: Naming
    networks: Networks
    databases: Databases
    firewall: Firewall
    locks: FileLocks
    disk: Disk
    pools: Pools
    isolation: FirewallState | None = None
    _ensured: bool = False
    _attaching: dict[str, tuple[threading.Thread, float]] = field(default_factory=dict, init=False)

    def teams(self) -> frozenset[str]:
        """Return the configured teams."""
        return frozenset(self.settings.teams)

    def ensure(self) -> FirewallState:
        """Create everything that is missing.

        PostgreSQL is started by `wake`, when a team needs it.

        Returns:
            Whether environments are isolated as planned.

        Raises:
            Failure: a part could not be created.
        """
        with self.locks.acquire(LockKey.infrastructure(), "start", wait=LOCK_WAIT_SECONDS):
            make_folder(self.naming.data_dir)
            self.refuse_other_server()  # first: its networks and rules are not ours
            self._network(self.naming.network, "net", icc=True)
            self._network(self.naming.build_network, "build", icc=False)
            for team in self.settings.teams:
                self._team(team)
            # Before any container: the databases' addresses are never open without the rules.
            state = self.apply_firewall()
        # Not under that lock, for which the firewall waits: a disk may need minutes.
        self.disk.hold_reserve()
        self._attach_pools()
        self._ensured = True
        return state

    def _attach_pools(self) -> None:
        """Mount the pools, and go on without those that need longer.

        That of an earlier version, and of each team, has a thread and a lock of its own: a disk
        that hangs, or a file system whose journal is long, delays only its own teams, and each
        thread is waited for once.
        """
        for team in (_ALL, *self.pools.teams()):
            if team not in self._attaching or not self._attaching[team][0].is_alive():
                thread = threading.Thread(
                    target=self._attach_pool, args=(team,), name=f"attach-{team}", daemon=True
                )
                self._attaching[team] = (thread, time.monotonic() + ATTACH_SECONDS)
                thread.start()
        for team, (thread, deadline) in list(self._attaching.items()):
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                log.warning("the file system of %s is not ready yet", _owner(team))

    def _attach_pool(self, team: str) -> None:
        key = LockKey.pool(team)
        try:
            with self.locks.acquire(key, "start", wait=ATTACH_SECONDS):
                if team == _ALL:
                    self.pools.attach_shared()
                else:
                    self.pools.attach(team)
        except Busy:
            return  # another process does it just now
        except Exception:
            log.exception("the file system of %s could not be mounted", _owner(team))

    @contextmanager
    def _holding_pools(self, holder: str, *teams: str) -> Iterator[None]:
        """Hold the pool of all teams, and then those of teams."""
        with ExitStack() as held:
            for key in (LockKey.pool(), *map(LockKey.pool, sorted(teams))):
                held.enter_context(self.locks.acquire(key, holder, wait=LOCK_WAIT_SECONDS))
            yield

    def add_teams(self, *teams: str) -> FirewallState:
        """Create the folder, file system and network of teams that are not configured.

        Returns:
            Whether environments are isolated as planned.
        """
        with self.locks.acquire(LockKey.infrastructure(), "canaries", wait=LOCK_WAIT_SECONDS):
            for team in teams:
                self._team(team)
            state = self.apply_firewall()
        with self._holding_pools("canaries", *teams):
            for team in teams:
                self.pools.add(team)
        return state

    def remove_teams(self, *teams: str) -> None:
        """Remove the networks of such teams, their rules, and their file systems and folders.

        The folder is last, because it is how the rest is found after a kill.
        """
        with self.locks.acquire(LockKey.infrastructure(), "canaries", wait=LOCK_WAIT_SECONDS):
            for team in teams:
                self.networks.remove(self.naming.team_network(team))
            self.apply_firewall()
        with self._holding_pools("canaries", *teams):
            for team in teams:
                making.remove_team(self.pools, team)

    def set_up_pools(self) -> tuple[str, ...]:
        """Make and mount the teams' pools, unless they are there.

        Returns:
            The teams whose pool was made.

        Raises:
            Failure: this machine cannot have one; nothing is left of it.
        """
        self.refuse_other_server()
        with self._holding_pools("storage", *self.teams()):
            return making.set_up(self.pools)

    def give_up_pools(self, teams: tuple[str, ...]) -> None:
        """Remove pools that were just made, but those that are used already."""
        with self._holding_pools("storage", *teams):
            images = self.pools.images  # of one that is not mounted any more, who knows its files
            making.give_up(self.pools, [team for team in teams if images.of(team).mounted])

    def give_up_shared_pool(self) -> bool:
        """Remove the pool that all teams shared, if nothing is left in it; return whether."""
        with self._holding_pools("storage"):
            return making.give_up_shared(self.pools)

    def wake(self, team: str, on_progress: Callable[[str], None] = lambda _line: None) -> None:
        """Start the team's PostgreSQL unless it serves, and create what it needs.

        Raises:
            Failure: a missing part could not be created, or the cluster cannot be used.
        """
        if not self._ensured or not self._has_network(team):
            self.ensure()
        self.databases.wake(team, on_progress)

    def require(self, team: str, on_progress: Callable[[str], None] = lambda _line: None) -> None:
        """Refuse to create an environment when disk, isolation or the database do not allow it.

        Raises:
            Forbidden: several teams are configured and cannot be isolated on this machine.
            QuotaReached: too little disk space is free.
            Failure: a missing part could not be created.
        """
        self.disk.require()
        if not self._ensured:
            self.ensure()
        self.pools.of(team).require()
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
        self.wake(team, on_progress)

    def apply_firewall(self) -> FirewallState:
        """Apply the firewall rules, also those that another program removed."""
        self.isolation = self.firewall.apply(self.firewall_plan())
        return self.isolation

    def keep_firewall(self) -> None:
        """Put back rules that another program removed, unless `ensure` sets them just now.

        Under the same lock, because a plan from before a new network would remove its rules.

        Raises:
            Failure: the engine does not answer.
        """
        with suppress(Busy), self.locks.acquire(LockKey.infrastructure(), "firewall"):
            self.apply_firewall()

    def check_firewall(self) -> FirewallState:
        """Check whether the firewall rules are in place, without changing them."""
        self.isolation = self.firewall.check(self.firewall_plan())
        return self.isolation

    def database_address(self, team: str) -> str:
        """Return the database's address on a team's network."""
        return str(database_address(team_subnet(self.networks, self.naming, team)))

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

    def _team(self, team: str) -> None:
        self.pools.place(team)
        self._network(self.naming.team_network(team), f"team-{team}", icc=False)

    def _network(self, name: str, what: str, *, icc: bool) -> IPv4Network:
        labels = self.naming.labels("network", network=what, **{DATA_DIR: self._data_dir})
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

    def _has_network(self, team: str) -> bool:
        return self.networks.facts(self.naming.team_network(team)) is not None

    def refuse_other_server(self) -> None:
        """Refuse the data folder of an earlier version, and another server's Docker objects.

        Raises:
            Conflict: see `refuse_shared_database`, or the instance is used by another data folder.
        """
        refuse_shared_database(self.naming)
        owner, containers = self.databases.owner()
        removal = f"docker rm -f {' '.join(containers)}"
        network = self.networks.facts(self.naming.network)
        if not owner and network is not None:
            owner = self.naming.own_labels(network.labels).get(DATA_DIR, "")
            removal = f"docker network rm {network.name}"
        if owner not in {"", self._data_dir}:
            raise Conflict(
                f"instance {self.naming.instance} is used by the server with data_dir {owner}.",
                "Give this server another [server] instance. If that data folder was moved here, "
                f"run `{removal}`: all data are kept.",
            )

    @property
    def _data_dir(self) -> str:
        return str(self.naming.data_dir.resolve())

    def _bridge(self, what: str) -> str:
        return bridge_name(self.naming.instance, what)


def team_subnet(networks: Networks, naming: Naming, team: str) -> IPv4Network:
    """Return the subnet of a team's network.

    Raises:
        UpstreamFailed: there is no such network.
    """
    network = naming.team_network(team)
    facts = networks.facts(network)
    if facts is None:
        raise UpstreamFailed(f"Network {network} is missing.", "Restart the server: it creates it.")
    return IPv4Network(facts.subnet)


def refuse_shared_database(naming: Naming) -> None:
    """Refuse a data folder of an earlier version, whose teams shared one PostgreSQL.

    Raises:
        Conflict: the hint says how to go on; nothing was changed.
    """
    if (naming.postgres_folder("") / "password").is_file():
        raise Conflict(
            f"{naming.data_dir} was made by an earlier version, in which all teams shared one "
            "PostgreSQL. This version has one for each team and does not convert it.",
            "Run `oduflow destroy`, which removes all environments and templates, and start again; "
            "or continue with the earlier version. Nothing was changed.",
        )


def _owner(team: str) -> str:
    return "all teams" if team == _ALL else f"team {team}"
