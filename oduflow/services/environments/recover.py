"""Recover environments after a kill, a restart of the engine, or the loss of the store.

A stray container is complete when its labels can be read, its team is configured, its template is
known, and its database, volume, configuration and extra repo checkouts exist.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.container import ContainerFacts
from oduflow.domain.environment import (
    MOVING,
    UNFINISHED,
    Environment,
    EnvironmentState,
    EnvironmentView,
)
from oduflow.domain.extra_repo import read_pins
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.job import ENVIRONMENT, Resource, Subject
from oduflow.domain.module_change import MODULES_CHANGE
from oduflow.domain.outcome import Envelope, Status
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.snapshot import ROLLBACK
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.locks import Held, LockKey
from oduflow.services.deps import Deps
from oduflow.services.environments import python_deps
from oduflow.services.environments.boot import stop_container
from oduflow.services.environments.code_change.back import resume_code_change
from oduflow.services.environments.command import end_cut_off_command
from oduflow.services.environments.container_labels import labels_of
from oduflow.services.environments.delete import remove_environment
from oduflow.services.environments.module_change.settle import resume_change
from oduflow.services.environments.rebuild import rebuild
from oduflow.services.environments.rollback import resume_rollback
from oduflow.services.environments.screenshot import remove_browser
from oduflow.services.environments.start import start
from oduflow.services.environments.view import environment_view, observed
from oduflow.services.extra_repos.checkouts import checkout_folders
from oduflow.services.recoverable import (
    RECONCILER,
    Leftover,
    Recoverable,
    Stray,
    TeamWork,
    Unsettled,
)

log = logging.getLogger(__name__)

STOP_SECONDS = 10
PACKAGES_KEPT = timedelta(hours=1)  # a creation that is repeated uses them again

Resume = Callable[[Deps, Call, Environment], Environment]

# By the step of a row: the operation that goes on, and how.
RESUMED: Mapping[str, tuple[str, Resume]] = MappingProxyType(
    {
        ROLLBACK: ("rollback_environment", resume_rollback),
        MODULES_CHANGE: ("restart_environment", resume_change),
        "rebuild": ("rebuild_environment", rebuild),
    }
)


@dataclass(frozen=True, slots=True)
class EnvironmentRecovery(Recoverable):
    """Implements `Recoverable` for environments."""

    deps: Deps

    def ids(self) -> AbstractSet[str]:
        """Return the ids of all environments."""
        return {row.id for row in self.deps.store.environments.all()}

    def unsettled(self, *, revive: AbstractSet[str]) -> Iterator[Unsettled]:
        """Yield every environment: only its container shows whether it is settled."""
        for row in self.deps.store.environments.all():
            key = LockKey.environment(row.team, row.name)
            yield Unsettled(key, partial(self._settle, row.id, revive=row.team in revive))

    def team_work(self) -> Iterator[TeamWork]:
        """Remove Python requirements that failed creations have left."""
        for team in self.deps.settings.teams:
            yield TeamWork(team, partial(self._prune_packages, team))

    def _prune_packages(self, team: str) -> tuple[Unsettled, ...]:
        python_deps.prune(self.deps, team, age=PACKAGES_KEPT.total_seconds())
        return ()

    def strays(self, adoptable: AbstractSet[str]) -> Iterator[Stray]:
        """Find containers of environments without a row."""
        labels = self.deps.naming.labels("environment")
        containers = self.deps.engine.containers.list(labels)
        # Read after the list, so that an environment in creation has its row; and slots first,
        # because one that is claimed meanwhile becomes an environment.
        slots = {slot.id for slot in self.deps.store.warm_slots.all()}
        known = self.ids() | slots
        for container in containers:
            own = labels_of(self.deps.naming, container)
            if own.get("id") in known:
                continue
            leftover = Leftover("Container", container.name, f"docker rm -f {container.name}")
            row = _described(own, container)
            if row is None or row.template_id not in adoptable or not self._complete(row):
                yield Stray(leftover)
            else:
                adopt = partial(self.deps.store.environments.add, row, limit=None)
                yield Stray(leftover, row.id, f"{row.team}/{row.name}", adopt)

    def pieces(self) -> Iterator[tuple[str, Leftover]]:
        """Find the filestores of environments."""
        for volume in self.deps.engine.volumes.list(self.deps.naming.labels("environment")):
            own = self.deps.naming.own_labels(volume.labels)
            leftover = Leftover("Volume", volume.name, f"docker volume rm {volume.name}")
            yield own.get("id", ""), leftover

    def _settle(self, environment: str, held: Held, *, revive: bool) -> bool:
        # Read again: the row may have changed between the list and the lock.
        row = self.deps.store.environments.by_id(environment)
        if row is None:
            return False
        if row.team not in self.deps.settings.teams:
            self._stop_removed_team(row)
            return False
        if row.state in UNFINISHED:
            log.warning("removing %s/%s, which was left %s", row.team, row.name, row.state)
            remove_environment(self.deps, None, row)
            return False
        if row.step == MOVING:
            return False  # it has no container until its team's move is settled
        containers, plan = self.deps.engine.containers, EnvironmentPlan.of(self.deps.naming, row)
        end_cut_off_command(containers, plan)
        remove_browser(containers, plan)
        if (resumed := _resumed(row)) is not None:
            return self._as_job(row, held, *resumed)
        return self._compare(row, held, revive=revive)

    def _compare(self, row: Environment, held: Held, *, revive: bool) -> bool:
        plan = EnvironmentPlan.of(self.deps.naming, row)
        container = self.deps.engine.containers.facts(plan.container)
        if row.step and container is not None:  # an interrupted start
            return self._as_job(row, held, "start_environment", start)
        if row.step:
            row = self.deps.store.environments.update(row.id, step="", job="")
        seen = observed(row, container)
        stopped_by_engine = (
            row.state is EnvironmentState.RUNNING
            and container is not None
            and seen.state != row.state
        )
        if revive and stopped_by_engine:
            return self._as_job(row, held, "start_environment", start)
        if (seen.state, seen.error) != (row.state, row.error):
            log.warning("%s/%s is %s, not %s", row.team, row.name, seen.state, row.state)
            self.deps.store.environments.update(row.id, state=seen.state, error=seen.error)
        return False

    def _stop_removed_team(self, row: Environment) -> None:
        """Stop the container of a team that was removed from the configuration; keep its data."""
        plan = EnvironmentPlan.of(self.deps.naming, row)
        container = self.deps.engine.containers.facts(plan.container)
        if container is not None and container.status == "running":
            log.warning("stopping %s/%s: its team is no longer configured", row.team, row.name)
            stop_container(self.deps.engine.containers, plan, timeout=STOP_SECONDS)
            if row.state not in UNFINISHED:  # those are removed when the team comes back
                self.deps.store.environments.update(
                    row.id, state=EnvironmentState.STOPPED, step="", job=""
                )

    def _as_job(self, row: Environment, held: Held, operation: str, resume: Resume) -> bool:
        """Continue in a job, which takes over the lock."""

        def work(call: Call) -> Envelope[EnvironmentView]:
            before = {each.id for each in self.deps.store.snapshots.of(row.id)}
            try:
                shown = environment_view(self.deps, resume(self.deps, call, row))
                after = self.deps.store.snapshots.of(row.id)
            finally:
                held.release()
            kept = tuple(each.name for each in after if each.id not in before)
            said = "serves again" if shown.state is EnvironmentState.RUNNING else "is settled"
            return Envelope[EnvironmentView](
                status=Status.OK,
                summary=f"{row.name} {said}.",
                data=shown,
                job=call.job,
                warnings=tuple(f"What was written until then is in {name}." for name in kept),
            )

        actor = Actor(row.team, ActorKind.CLI, RECONCILER)
        about = Resource(noun=ENVIRONMENT, name=row.name)
        subject = Subject(ENVIRONMENT, row.name, (about,), row.id)
        jobs = self.deps.work.jobs
        jobs.start(operation, subject, actor, Origin("server"), work, revival=True)
        return True

    def _complete(self, row: Environment) -> bool:
        plan = EnvironmentPlan.of(self.deps.naming, row)
        return (
            row.team in self.deps.settings.teams
            and plan.database in self.deps.infrastructure.databases.names(row.team)
            and all(map(self.deps.engine.volumes.facts, _volumes(plan, row)))
            and plan.conf.is_file()
            and all(
                checkout.is_dir() for checkout in checkout_folders(self.deps.naming, row).values()
            )
        )


def _resumed(row: Environment) -> tuple[str, Resume] | None:
    """Return the operation that goes on with a row, and how; None if nothing was cut off."""
    if row.applying is not None and row.step != ROLLBACK:  # which is part of the way back
        return "rollback_environment", resume_code_change
    return RESUMED.get(row.step)


def _described(labels: Mapping[str, str], container: ContainerFacts) -> Environment | None:
    running = container.status == "running"
    try:
        return Environment(
            id=labels["id"],
            team=labels["team"],
            name=labels["name"],
            repo_url=labels["repo_url"],
            branch=labels["branch"],
            requested_branch=None,
            template_id=labels["template_id"],
            template=labels["template"],
            odoo_image=labels["odoo_image"],
            modules=_list(labels["modules"]),
            state=EnvironmentState.RUNNING if running else EnvironmentState.STOPPED,
            created_by=labels["created_by"],
            created_at=datetime.fromisoformat(labels["created_at"]),
            commit=labels["commit"],
            port=int(labels["port"]),
            addons=_list(labels["addons"]),
            python_deps=labels["python_deps"],
            extra_repos=read_pins(labels.get("extra_repos", "[]")),
            uid=int(labels["uid"]) if labels.get("uid") else None,
            filestore=FilestoreKind(labels.get("filestore", FilestoreKind.VOLUME)),
        )
    except (KeyError, ValueError):
        return None


def _volumes(plan: EnvironmentPlan, row: Environment) -> tuple[str, ...]:
    """Name the volumes that the environment is not complete without."""
    kept = () if row.filestore is FilestoreKind.VOLUME else (plan.layers, plan.filestore)
    return (plan.volume, *kept)


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
