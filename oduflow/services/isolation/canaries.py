"""Canaries: throw-away environments, in two teams of their own, that attack and observe.

Network, firewall rules, PostgreSQL and container are made by the code that makes those of every
team. A canary boots no Odoo: it runs a script of its checkout, as a branch's code could. The names
of the two teams are too long for a configured team, so they never meet one.
"""

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any

from oduflow.adapters.docker.errors import PortTaken
from oduflow.adapters.filestore.clone import prepare_volume, remove_tree
from oduflow.adapters.odoo import inside
from oduflow.adapters.odoo.addons_path import repository_target
from oduflow.domain.clock import now
from oduflow.domain.connections import ROLE_CONNECTIONS
from oduflow.domain.container import ContainerLimits, ContainerSpec, ImageFacts
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.odoo_version import DEFAULT_VERSION
from oduflow.domain.plan import EnvironmentPlan
from oduflow.files.private import ensure_secret, make_folder
from oduflow.services.deps import Deps
from oduflow.services.environments.installation import write_configuration
from oduflow.services.environments.serving import prepare_container
from oduflow.services.images import check_user, image_of, run_as
from oduflow.services.server.database import DatabaseServer

REPORTS = "isolation"  # a folder of the data folder
CANARY = "canary"  # the kind of their containers and volumes
OWN_TEAM, OTHER_TEAM = "isolation-probe-a", "isolation-probe-b"
TEAMS = (OWN_TEAM, OTHER_TEAM)
REPO_URL = "https://canary.invalid/canary.git"
LIMITS = ContainerLimits(memory=256 << 20, cpus=1.0)
DATABASE_MEMORY = 256 << 20
SCRIPTS = (
    *("canary.py", "canary_disk.py", "canary_user_limits.py"),
    *("canary_observer.py", "canary_tools.py"),
)
RELEASED, RELEASED_BYTES = "released", 1 << 10  # the phases in which the attacker may go on
PORT_TRIES = 20
LOG_LINES = 10


@dataclass(frozen=True, slots=True)
class Canary:
    """One canary.

    Attributes:
        script: what it runs.
    """

    name: str
    team: str
    id: str
    script: str


ATTACKER = Canary("attacker", OWN_TEAM, "canaryaaaaaa", "canary.py")
NEIGHBOUR = Canary("neighbour", OWN_TEAM, "canarybbbbbb", "canary_observer.py")
OTHER = Canary("other", OTHER_TEAM, "canarycccccc", "canary_observer.py")
ALL = (ATTACKER, NEIGHBOUR, OTHER)


@dataclass(slots=True)
class Canaries:
    """Makes the canaries, and removes them by name.

    Attributes:
        port: the host port that the other team's canary publishes; 0 before it runs.
    """

    deps: Deps
    port: int = field(default=0, init=False)
    _released: list[str] = field(default_factory=list, init=False)

    def image(self, on_progress: Callable[[str], None]) -> ImageFacts:
        """Return the image that environments have by default."""
        reference = image_of(self.deps.settings.images.odoo, DEFAULT_VERSION)
        image = self.deps.engine.images.ensure(reference, on_progress)
        check_user(image)
        return image

    def add_networks(self) -> None:
        """Create both teams' folder and network, with the firewall rules.

        Whether the rules could be set is for the probes to find.
        """
        self.deps.infrastructure.disk.require()
        self.deps.infrastructure.ensure()
        self.deps.infrastructure.add_teams(*TEAMS)

    def add_databases(self) -> None:
        """Start both teams' PostgreSQL, with a role and a database for each canary."""
        with ThreadPoolExecutor(len(TEAMS)) as pool:
            list(pool.map(self._add_database, TEAMS))

    def add_observers(self, image: ImageFacts) -> None:
        """Start the two canaries that observe; the other team's publishes a port."""
        for canary in (NEIGHBOUR, OTHER):
            spec = self.specification(canary, image, {})
            if canary is OTHER:
                self._start_published(spec)
            else:
                self.deps.engine.containers.create(spec)
                self.deps.engine.containers.start(spec.name)

    def specification(
        self, canary: Canary, image: ImageFacts, settings: Mapping[str, Any]
    ) -> ContainerSpec:
        """Write a canary's files, and return its container: an environment's, but what it runs."""
        deps, row, plan = self.deps, self.row(canary, image), self.plan(canary)
        labels = deps.naming.labels(CANARY, team=canary.team, name=canary.name)
        image = run_as(image, deps.engine.team_user(canary.team))
        for script in SCRIPTS:
            source = (resources.files(inside) / script).read_text("utf-8")
            self._write(canary, script, source)
        self._write(canary, "canary.json", json.dumps(dict(settings)))
        self._write(canary, RELEASED, " " * RELEASED_BYTES)
        deps.engine.volumes.ensure(plan.volume, labels=labels)
        prepare_volume(deps.engine.volumes.mountpoint(plan.volume), image.uid, image.gid)
        write_configuration(deps.infrastructure, deps.settings, plan, row, image)
        return replace(
            prepare_container(deps.settings, plan, row, image, LIMITS),
            labels=labels,
            entrypoint=("python3", f"{repository_target(REPO_URL)}/{canary.script}"),
            command=(),
        )

    def release(self, phase: str) -> None:
        """Let the attacker go on after a phase in which it holds something.

        The phase is written over a blank of the file: the team's disk may be full.
        """
        self._released.append(phase)
        with (self.plan(ATTACKER).checkout / RELEASED).open("r+b") as file:
            file.write(" ".join(self._released).encode())

    def plan(self, canary: Canary) -> EnvironmentPlan:
        """Return the names of a canary's parts."""
        return EnvironmentPlan(self.deps.naming, canary.id, canary.team, canary.name)

    def row(self, canary: Canary, image: ImageFacts) -> Environment:
        """Return a canary as an environment; it is never stored."""
        return Environment(
            id=canary.id,
            team=canary.team,
            name=canary.name,
            repo_url=REPO_URL,
            branch="main",
            requested_branch=None,
            template_id="",
            template="",
            odoo_image=image.reference,
            modules=(),
            state=EnvironmentState.CREATING,
            created_by="",
            created_at=now(),
        )

    def address(self, canary: Canary) -> str:
        """Return a running canary's address in its team's network."""
        network, name = self.deps.naming.team_network(canary.team), self.plan(canary).container
        facts = self.deps.engine.containers.facts(name)
        if facts is None or not facts.addresses.get(network):
            isolation = self.deps.infrastructure.isolation
            reason = isolation.reason if isolation is not None else ""
            raise UpstreamFailed(
                f"The canary {canary.name} ended before the attack. {reason}".strip(),
                "Its last lines say why. Without the firewall rules it does not reach its own "
                "database: `oduflow doctor` checks them.",
                output=self.deps.engine.containers.logs(name, tail=LOG_LINES) if facts else "",
            )
        return facts.addresses[network]

    def exist(self) -> bool:
        """Whether anything of a check is left; its folders are made first and removed last."""
        return any(os.path.lexists(self.deps.naming.team_folder(team)) for team in TEAMS)

    def remove(self) -> None:
        """Remove everything of a check, by name; what does not exist is no error."""
        deps = self.deps
        clusters = [deps.infrastructure.databases.canary(team) for team in TEAMS]
        with ThreadPoolExecutor(len(ALL)) as pool:
            list(
                pool.map(deps.engine.containers.remove, [self.plan(each).container for each in ALL])
            )
            list(pool.map(DatabaseServer.remove, clusters))
        for canary in ALL:
            deps.engine.volumes.remove(self.plan(canary).volume)
        deps.engine.containers.remove_empty_groups()
        deps.infrastructure.remove_teams(*TEAMS)
        for team in TEAMS:
            remove_tree(deps.naming.team_folder(team))

    def _add_database(self, team: str) -> None:
        infrastructure = self.deps.infrastructure
        server = infrastructure.databases.canary(team)
        server.ensure(infrastructure.databases.subnet(team), lambda _line: None)
        for canary in ALL:
            if canary.team == team:
                plan = self.plan(canary)
                password = ensure_secret(plan.secrets / "database_password")
                server.cluster.create_role(
                    plan.database, password, connection_limit=ROLE_CONNECTIONS
                )
                server.cluster.create_database(plan.database, plan.database)

    def _write(self, canary: Canary, name: str, text: str) -> None:
        """Write a file of a canary's checkout, which everyone in the container may read."""
        folder = self.plan(canary).checkout
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        file = folder / name
        with file.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())  # it has its blocks: writing over it needs no room
        file.chmod(0o644)

    def _start_published(self, spec: ContainerSpec) -> None:
        """Start a container with a free host port, from the end that environments take last."""
        containers, ports = self.deps.engine.containers, self.deps.settings.routing.port_range
        (publish,) = spec.publish
        for port in reversed(ports[-PORT_TRIES:]):
            containers.create(replace(spec, publish=(replace(publish, host_port=port),)))
            try:
                containers.start(spec.name)
            except PortTaken:
                containers.remove(spec.name)
            else:
                self.port = port
                return
        raise UpstreamFailed(
            f"The last {PORT_TRIES} ports of the range are used by other programs.",
            "Give [routing] port_range a range that nothing else uses.",
        )
