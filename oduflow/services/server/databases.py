"""The PostgreSQL clusters of all teams: started when needed, stopped when idle, each on its own.

A team's cluster that cannot be used affects the calls of that team only.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.locks import FileLocks
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.domain.clock import now
from oduflow.domain.container import ContainerFacts
from oduflow.domain.errors import Busy, Failure, NotFound, UpstreamFailed
from oduflow.domain.plan import Naming
from oduflow.kernel.locks import LockKey
from oduflow.services.server.activity import TeamActivity
from oduflow.services.server.database import DATA_DIR, KIND, DatabaseServer
from oduflow.services.server.supervision import supervise

log = logging.getLogger(__name__)

IDLE_SECONDS = 600.0  # how long a cluster that nothing uses goes on running
LOCK_WAIT_SECONDS = 120.0
ROUND_SECONDS = 10.0
AT_ONCE = 8

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of `Databases.keep` found.

    Attributes:
        broken: the teams whose cluster cannot be used.
        restarted: the teams whose cluster was started again since the round before, as after a
            restart of the engine.
    """

    broken: frozenset[str]
    restarted: frozenset[str]


@dataclass(slots=True)
class Databases:
    """Starts, stops and examines the clusters.

    Attributes:
        servers: the configured teams' clusters, by team.
        subnet: returns the subnet of a team's network.
        canary: makes the cluster of a team of canaries, which is none of the configured ones.
    """

    naming: Naming
    servers: Mapping[str, DatabaseServer]
    subnet: Callable[[str], IPv4Network]
    activity: TeamActivity
    containers: Containers
    volumes: Volumes
    locks: FileLocks
    canary: Callable[[str], DatabaseServer]
    idle_seconds: float = IDLE_SECONDS
    _warnings: dict[str, str | None] = field(default_factory=dict, init=False)
    _problems: dict[str, Failure] = field(default_factory=dict, init=False)
    _hanging: frozenset[str] = field(default=frozenset(), init=False)
    _idle_since: dict[str, float] = field(default_factory=dict, init=False)
    _started_at: dict[str, str] = field(default_factory=dict, init=False)

    def owner(self) -> tuple[str, tuple[str, ...]]:
        """Return the data folder that the containers were made for, and their names."""
        found = {
            facts.name: self.naming.own_labels(facts.labels).get(DATA_DIR, "")
            for facts in self._containers()
        }
        return next(iter(found.values()), ""), tuple(sorted(found))

    def wake(self, team: str, on_progress: Progress = lambda _line: None) -> None:
        """Start the team's cluster unless it serves, and wait until it does.

        Raises:
            Failure: it cannot be used; the message names the cause.
        """
        server = self.servers.get(team)
        if server is None:
            raise NotFound(f"Team {team} is not configured, or not since the server started.")
        with self.locks.acquire(LockKey.database(team), "start", wait=LOCK_WAIT_SECONDS):
            self._idle_since.pop(team, None)
            if server.serves():
                return
            try:
                server.ensure(self.subnet(team), on_progress)
            except Failure as failure:
                self._note(team, failure)
                raise
            self._note(team, None)

    def keep(self) -> Round:
        """Start the clusters that are needed, and stop those that nothing uses.

        Teams are handled in parallel, and the round does not wait for one that hangs: its thread
        goes on, and holds the lock of its team only.
        """
        threads = {
            team: threading.Thread(target=self._keep, args=(server,), daemon=True)
            for team, server in self.servers.items()
        }
        for thread in threads.values():
            thread.start()
        deadline = time.monotonic() + ROUND_SECONDS
        for thread in threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))
        self._hanging = frozenset(team for team, thread in threads.items() if thread.is_alive())
        self._stop_removed_teams()
        before, self._started_at = self._started_at, self._times()
        restarted = {
            team
            for team, started in self._started_at.items()
            if before.get(team, started) != started
        }
        return Round(frozenset(self._problems.keys() | self._hanging), frozenset(restarted))

    def ended(self) -> bool:
        """Whether a needed cluster that ran in the last round does not run any more."""
        running = {
            self.naming.own_labels(facts.labels).get("team", "")
            for facts in self._containers()
            if facts.status == "running"
        }
        gone = self._started_at.keys() - running - self._problems.keys()
        return any(self.activity.needs_database(team) for team in gone)

    def problem(self, team: str) -> str | None:
        """Return why the team's cluster cannot be used, as far as this process knows."""
        failure = self._problems.get(team)
        return None if failure is None else f"{failure.message} {failure.hint}".strip()

    def warning(self, team: str) -> str | None:
        """Return what the team should know of its cluster, as the last round saw it."""
        return self._warnings.get(team)

    def examine(self) -> Mapping[str, str | Failure]:
        """Check every team's cluster now; return its description, or the failure, by team."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="database") as pool:
            found = pool.map(self._examine, self.servers.values())
            return dict(zip(self.servers, found, strict=True))

    def names(self, team: str) -> set[str]:
        """List the team's databases, without starting its cluster: empty while it is stopped."""
        return self._listed(team, lambda cluster: cluster.databases())

    def tenants(self, team: str) -> set[str]:
        """List the names of the team's databases and roles, also without starting its cluster."""
        return self._listed(team, lambda cluster: cluster.databases() | cluster.roles())

    def sealed(self, team: str) -> set[str]:
        """List the team's sealed templates, also without starting its cluster."""
        return self._listed(team, lambda cluster: cluster.sealed())

    def of_removed_teams(self) -> Iterator[tuple[str, str, str]]:
        """Find clusters of teams that are not configured: team, container and volume."""
        for volume in self.volumes.list(self.naming.labels(KIND)):
            team = self.naming.own_labels(volume.labels).get("team", "")
            if team not in self.servers:
                yield team, self.naming.database(team), volume.name

    def _listed(self, team: str, what: Callable[[Cluster], set[str]]) -> set[str]:
        if team in self._problems.keys() | self._hanging:
            return set()  # it would answer after half a minute, if at all
        server = self.servers.get(team)
        try:
            return what(server.cluster) if server and server.running() else set()
        except Failure:
            return set()  # one team's cluster hinders the look at no other

    def _note(self, team: str, failure: Failure | None) -> None:
        """Remember the problem of a team's cluster, and log it when it is another one."""
        before = self.problem(team)
        if failure is None:
            self._problems.pop(team, None)
            return
        self._problems[team] = failure
        if self.problem(team) != before:
            log.warning("PostgreSQL of team %s: %s", team, self.problem(team))

    def _keep(self, server: DatabaseServer) -> None:
        team = server.team
        try:
            held = self.locks.acquire(LockKey.database(team), "reconcile")
        except Busy:
            return  # a call starts it just now
        with held:
            try:
                if self.activity.needs_database(team) or server.unknown():
                    self._idle_since.pop(team, None)
                    server.ensure(self.subnet(team), lambda _line: None)
                    self._warnings[team] = supervise(team, server.cluster)
                    server.tidy()
                else:
                    self._stop_if_idle(server)
                    server.examine(needed=False)
            except Failure as failure:
                self._note(team, failure)
            except OSError as cause:
                self._note(team, _unreadable(cause))
            except Exception:
                log.exception("PostgreSQL of team %s: a defect", team)
            else:
                self._note(team, None)

    def _stop_if_idle(self, server: DatabaseServer) -> None:
        """Stop a cluster that nothing has used for a while; the caller holds its lock."""
        facts = server.running()
        # A call writes its job's row before it starts the cluster.
        if facts is None or self.activity.works(server.team):
            self._idle_since.pop(server.team, None)
            return
        since = self._idle_since.setdefault(server.team, time.monotonic())
        if min(time.monotonic() - since, _age(facts)) >= self.idle_seconds:
            log.info("stopping PostgreSQL of team %s: nothing uses it", server.team)
            server.stop()

    def _examine(self, server: DatabaseServer) -> str | Failure:
        try:
            return server.examine(needed=self.activity.needs_database(server.team))
        except Failure as failure:
            return failure
        except OSError as cause:
            return _unreadable(cause)

    def _stop_removed_teams(self) -> None:
        for facts in self._containers():
            team = self.naming.own_labels(facts.labels).get("team", "")
            if team not in self.servers and facts.status == "running":
                log.warning("stopping PostgreSQL of team %s: it is no longer configured", team)
                self.containers.stop(facts.name)

    def _times(self) -> dict[str, str]:
        """Return when each running cluster was started, by team."""
        found = ((team, server.running()) for team, server in self.servers.items())
        return {team: facts.started_at for team, facts in found if facts is not None}

    def _containers(self) -> tuple[ContainerFacts, ...]:
        return self.containers.list(self.naming.labels(KIND))


def _unreadable(cause: OSError) -> UpstreamFailed:
    return UpstreamFailed(
        f"The cluster's files cannot be read: {cause.strerror or type(cause).__name__}.",
        "The team's file system may be damaged: `dmesg` says more. Other teams are not affected.",
    )


def _age(facts: ContainerFacts) -> float:
    return (now() - datetime.fromisoformat(facts.started_at)).total_seconds()
