"""What must hold between two rounds; each check returns what is wrong, in words.

The look at containers, databases and folders is a second one beside the product's own: it compares
what Docker, PostgreSQL and the disk have with what the rows ask for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import requests

from oduflow.adapters.locks.flock import holder_of, is_free
from oduflow.domain.environment import UNFINISHED, Environment, EnvironmentState
from oduflow.domain.extra_repo import ExtraRepo, Pin
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.plan import EnvironmentPlan, ExtraRepoPlan, Naming, SnapshotPlan, TemplatePlan
from oduflow.domain.snapshot import SnapshotState
from oduflow.domain.template import Template
from oduflow.services.filestore import layers_of
from tests.chaos.answers import ABSENT, READY
from tests.chaos.arena import TEAMS, Arena, Unanswered
from tests.chaos.contents import HeldContents
from tests.chaos.marks import read_marks
from tests.chaos.model import ExpectedState
from tests.support.instances import world
from tests.support.variants import inspected

PAGE_SECONDS = 20
INCOMPLETE = {EnvironmentState.FAILED, EnvironmentState.LOST}


@dataclass(frozen=True)
class Checks:
    """Everything that is looked at.

    Attributes:
        rules: the firewall's own rules, as they were at the beginning.
    """

    arena: Arena
    model: ExpectedState
    rules: frozenset[str]

    def problems(self) -> list[str]:
        """Return what is wrong now. Some of it may pass: the product works in rounds of its own."""
        try:
            unsettled = [*self._unsettled()]
            if unsettled:
                return unsettled
            return [
                *self._states(),
                *self._half_made(),
                *self._environments(),
                *self._contents(),
                *self._told_by_the_product(),
                *self._locks(),
                *self._audit(),
            ]
        except Unanswered as cause:
            return [f"the server does not answer: {cause}"]
        except psycopg.Error as cause:
            return [f"a database does not answer: {cause}"]

    def seen(self) -> dict[str, str]:
        """Return the state of each thing, as its team is shown it."""
        found = {}
        for team in TEAMS:
            for row in self.arena.data(team, "/api/environments")["environments"]:
                found[f"environment {team}/{row['name']}"] = str(row["state"])
            for noun, path, key in (
                ("template", "/api/templates", "templates"),
                ("extra_repo", "/api/extra-repos", "extra_repos"),
            ):
                for row in self.arena.data(team, path)[key]:
                    found[f"{noun} {team}/{row['name']}"] = str(row["state"])
        return found

    def held(self) -> dict[str, HeldContents]:
        """Return what each environment that has served holds, by the text of its thing."""
        deps, found = self.arena.instance.services.deps, {}
        for row in deps.store.environments.all():
            if row.served and row.filestore is not FilestoreKind.VOLUME:
                plan = EnvironmentPlan.of(deps.naming, row)
                path = f"/api/environments/{row.name}/snapshots"
                listed = self.arena.data(row.team, path)["snapshots"]
                found[f"environment {row.team}/{row.name}"] = HeldContents(
                    read_marks(plan, layers_of(deps.engine.volumes, plan)),
                    {each["name"]: each["automatic"] for each in listed},
                )
        return found

    def _contents(self) -> Iterator[str]:
        """Compare what the environments and their snapshots hold with the model."""
        held = self.held()
        for thing in self.model.things:
            if str(thing) in held and (wrong := thing.contents.wrong(held[str(thing)])):
                yield f"{thing}: {wrong}"

    def _unsettled(self) -> Iterator[str]:
        deps = self.arena.instance.services.deps
        if "ready: environments can be created" not in whole_log(self.arena):
            yield "the server has not reconciled yet"
        for job in deps.work.jobs.store.unfinished():
            alive = deps.work.jobs.alive(job.id)
            yield f"job {job.id} ({job.operation} {job.target}) is {job.status}, alive: {alive}"
        yield from self._unfinished()

    def _unfinished(self) -> Iterator[str]:
        deps = self.arena.instance.services.deps
        for row in deps.store.environments.all():
            if row.step or row.state in UNFINISHED:
                yield f"environment {row.team}/{row.name} is {row.state}, step “{row.step}”"
        for snapshot in deps.store.snapshots.all():
            if snapshot.state is not SnapshotState.READY:
                yield f"snapshot {snapshot.name} of {snapshot.team} is {snapshot.state}"
        others: list[Template | ExtraRepo] = [*deps.store.templates.all()]
        others += deps.store.extra_repos.all()
        for other in others:
            if other.step or str(other.state) != READY:
                yield f"{type(other).__name__} {other.team}/{other.name} is {other.state}"

    def _states(self) -> Iterator[str]:
        """Compare what the teams are shown with the model."""
        seen = self.seen()
        for thing in self.model.things:
            state = seen.get(str(thing), ABSENT)
            if state not in thing.allowed:
                yield f"{thing} is {state}, and may be {sorted(thing.allowed)}"
        known = {str(thing) for thing in self.model.things}
        known |= {f"template {team}/base-19" for team in TEAMS}
        yield from (f"{each} was never asked for" for each in sorted(seen.keys() - known))

    def _half_made(self) -> Iterator[str]:
        for team in TEAMS:
            self.arena.instance.services.deps.infrastructure.wake(team)
        seen, wanted = world(self.arena.instance), _wanted(self.arena)
        inner = {each for each in seen.folders if Path(each).name in {"git", "about.json"}}
        yield from _differ("container", seen.containers, wanted.containers, wanted.optional)
        yield from _differ("volume", seen.volumes, wanted.volumes)
        yield from _differ("database", seen.databases, wanted.databases | wanted.snapshots)
        yield from _differ("role", seen.roles, wanted.databases)
        yield from _differ("folder", seen.folders - inner, wanted.folders)
        yield from _differ("rule", own_rules(seen.rules), self.rules)

    def _environments(self) -> Iterator[str]:
        deps = self.arena.instance.services.deps
        rows = deps.store.environments.all()
        ports = [row.port for row in rows]
        if len(set(ports)) != len(ports):
            yield f"two environments have one port: {ports}"
        for row in rows:
            if row.state is EnvironmentState.RUNNING:
                yield from self._serves(EnvironmentPlan.of(deps.naming, row), row)
            elif row.state is EnvironmentState.FAILED and not (row.error and row.error.message):
                yield f"{row.team}/{row.name} failed without a message"

    def _serves(self, plan: EnvironmentPlan, row: Environment) -> Iterator[str]:
        bindings = inspected(plan.container)["HostConfig"]["PortBindings"]
        published = {int(each["HostPort"]) for found in bindings.values() for each in found}
        if row.port not in published:
            yield f"{plan.container} publishes {published}, its row has {row.port}"
        url = f"http://127.0.0.1:{row.port}/web/login"
        try:
            status = requests.get(url, timeout=PAGE_SECONDS).status_code
        except requests.RequestException as cause:
            yield f"{row.team}/{row.name} does not serve: {cause}"
        else:
            if status != requests.codes.ok:
                yield f"{row.team}/{row.name} answers {status}"

    def _told_by_the_product(self) -> Iterator[str]:
        probe = self.arena.instance.services.probe
        for finding in (*probe.findings(), *probe.databases(), *probe.leftovers()):
            if not finding.ok or finding.degraded:
                yield f"doctor: {finding.part}: {finding.message}"

    def _locks(self) -> Iterator[str]:
        """Find locks that stay taken; the reconcile loop takes some for moments."""
        data_dir = self.arena.instance.settings.server.data_dir
        for path in sorted((data_dir / "locks").rglob("*.lock")):
            if not any(is_free(path) for _ in range(50)):
                yield f"the lock {path.name} is held by {holder_of(path)}"

    def _audit(self) -> Iterator[str]:
        verdict = self.arena.instance.services.deps.store.audit.verify(1)
        yield from (f"audit: {finding.message}" for finding in verdict.findings)


@dataclass
class _WantedNames:
    """The names that the rows ask for.

    Attributes:
        optional: containers that may be there.
        snapshots: their databases, which have no role of their own.
    """

    containers: set[str]
    volumes: set[str]
    databases: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    snapshots: set[str] = field(default_factory=set)


def _wanted(arena: Arena) -> _WantedNames:
    deps, naming = arena.instance.services.deps, arena.instance.services.deps.naming
    wanted = _WantedNames(
        containers={naming.database(team) for team in TEAMS},
        volumes={naming.database_volume(team) for team in TEAMS},
    )
    folders: list[Path] = []
    for row in deps.store.environments.all():
        plan = EnvironmentPlan.of(naming, row)
        # A failed one is kept as far as it came.
        (wanted.optional if row.state in INCOMPLETE else wanted.containers).add(plan.container)
        wanted.volumes.add(plan.volume)
        if row.filestore is not FilestoreKind.VOLUME:
            wanted.volumes |= {plan.layers, plan.filestore}
        wanted.databases.add(plan.database)
        folders.append(plan.folder)
        folders += _pinned(naming, row.team, row.extra_repos)
    for snapshot in deps.store.snapshots.all():
        wanted.snapshots.add(SnapshotPlan(snapshot.id).database)
        folders += _pinned(naming, snapshot.team, snapshot.extra_repos)
    for template in deps.store.templates.all():
        sealed = TemplatePlan.of(naming, template)
        wanted.volumes.add(sealed.volume)
        wanted.databases.add(sealed.database)
    folders += (ExtraRepoPlan.of(naming, each).folder for each in deps.store.extra_repos.all())
    wanted.folders = {str(folder.relative_to(naming.data_dir)) for folder in folders}
    return wanted


def _pinned(naming: Naming, team: str, pins: tuple[Pin, ...]) -> list[Path]:
    used = (pin for pin in pins if pin.commit)
    return [ExtraRepoPlan.pinned(naming, team, pin).checkout(pin.commit) for pin in used]


def own_rules(rules: frozenset[str]) -> frozenset[str]:
    """Leave out the rules that Docker makes for published ports."""
    return frozenset(rule for rule in rules if "ODUFLOW-" in rule)


def whole_log(arena: Arena) -> str:
    return arena.server.log.read_bytes()[arena.server.begun :].decode(errors="replace")


def _differ(
    kind: str,
    seen: frozenset[str],
    wanted: set[str] | frozenset[str],
    optional: set[str] | frozenset[str] = frozenset(),
) -> Iterator[str]:
    yield from (f"{kind} {name} is left over" for name in sorted(seen - wanted - optional))
    yield from (f"{kind} {name} is missing" for name in sorted(wanted - seen))
