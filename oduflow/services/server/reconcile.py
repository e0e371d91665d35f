"""Bring the store and Docker together: finish or undo what a dead process began.

Runs only in the server, at its start and every half minute, and touches only what it can lock.
What boots Odoo goes on as a job, within the boot limit, so that one environment that hangs holds
up no other. Nothing without a row is ever deleted, but for throw-away containers that a killed
process left.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.clock import now
from oduflow.domain.environment import (
    UNFINISHED,
    Environment,
    EnvironmentState,
    EnvironmentView,
)
from oduflow.domain.errors import Busy, Failure
from oduflow.domain.job import Subject
from oduflow.domain.outcome import Envelope, Status
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.template import TemplateState
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.locks import Held, LockKey
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import halt
from oduflow.services.environments.delete import tear_down
from oduflow.services.environments.lifecycle import rebuild, start
from oduflow.services.environments.view import observed, view
from oduflow.services.extra_repos import recover as extra_adoption
from oduflow.services.server.adoption import adopt
from oduflow.services.templates.create import remove

log = logging.getLogger(__name__)

HOLDER = "the reconciler"
JOBS_KEPT = timedelta(days=30)
AUDIT_KEPT = timedelta(days=400)  # a year, and time to look back at it
HALT_SECONDS = 10

Revival = Callable[[Deps, Call, Environment], Environment]


def reconcile(deps: Deps, *, at_start: bool) -> None:
    """Look at every row whose lock is free and make the world agree with it.

    Args:
        deps: the product's parts.
        at_start: also bring back what was running before the engine or the machine restarted.
    """
    for job in deps.jobs.sweep():
        log.warning("job %s (%s %s) was interrupted", job.id, job.operation, job.target)
    deps.jobs.store.prune(now() - JOBS_KEPT)
    deps.audit.prune(now() - AUDIT_KEPT)
    for template in deps.templates.all():
        if template.state is not TemplateState.READY:
            key = LockKey.template(template.team, template.name)
            _locked(deps, key, partial(_undo_template, deps, template.id))
    _sweep_looks(deps)
    adopt(deps)
    for row in deps.environments.all():
        key = LockKey.environment(row.team, row.name)
        _locked(deps, key, partial(_settle, deps, row.id, at_start=at_start))
    for repo in deps.extra_repos.all():
        if extra_adoption.is_unsettled(deps, repo):
            key = LockKey.extra_repo(repo.team, repo.name)
            _locked(deps, key, partial(_settle_repo, deps, repo.id))


def _sweep_looks(deps: Deps) -> None:
    """Remove the containers with which a killed process was looking into an image."""
    for container in deps.containers.list(deps.naming.labels("inspect")):
        process = container.labels.get(deps.naming.label("process"), "")
        if not Path("/proc", process or "0").exists():
            deps.containers.remove(container.name)


def _locked(deps: Deps, key: LockKey, act: Callable[[Held], bool]) -> None:
    """Act while the lock is held; `act` answers whether it took the lock along."""
    try:
        held = deps.locks.acquire(key, HOLDER)
    except Busy:
        return  # its owner lives
    taken = False
    try:
        taken = act(held)
    except Failure as failure:
        log.warning("%s: %s", key, failure.message)
    except Exception:
        log.exception("%s: a defect; the others are looked at all the same", key)
    finally:
        if not taken:
            held.release()


def _settle_repo(deps: Deps, repo: str, _held: Held) -> bool:
    row = deps.extra_repos.by_id(repo)
    if row is not None:
        extra_adoption.settle(deps, row)
    return False


def _undo_template(deps: Deps, template: str, _held: Held) -> bool:
    row = deps.templates.by_id(template)
    if row is not None and row.state is not TemplateState.READY:
        remove(deps, row)
    return False


def _settle(deps: Deps, environment: str, held: Held, *, at_start: bool) -> bool:
    # Read again: the row may have changed between the list and the lock.
    row = deps.environments.by_id(environment)
    if row is None:
        return False
    if row.state in UNFINISHED:
        log.warning("removing %s/%s, which was left %s", row.team, row.name, row.state)
        tear_down(deps, None, row)
        return False
    if row.team not in deps.settings.teams:
        _park(deps, row)
        return False
    if row.step == "rebuild":
        return _as_job(deps, row, held, "rebuild_environment", rebuild)
    return _compare(deps, row, held, at_start=at_start)


def _compare(deps: Deps, row: Environment, held: Held, *, at_start: bool) -> bool:
    container = deps.containers.facts(EnvironmentPlan.of(deps.naming, row).container)
    if row.step and container is not None:  # a start that was cut off: nobody saw it serve
        return _as_job(deps, row, held, "start_environment", start)
    if row.step:
        row = deps.environments.update(row.id, step="", job="")
    seen = observed(row, container)
    stopped_by_engine = (
        row.state is EnvironmentState.RUNNING and container is not None and seen.state != row.state
    )
    if at_start and stopped_by_engine:
        return _as_job(deps, row, held, "start_environment", start)
    if (seen.state, seen.error) != (row.state, row.error):
        log.warning("%s/%s is %s, not %s", row.team, row.name, seen.state, row.state)
        deps.environments.update(row.id, state=seen.state, error=seen.error)
    return False


def _park(deps: Deps, row: Environment) -> None:
    """Stop what belongs to a team that was taken out of the configuration; keep its data."""
    plan = EnvironmentPlan.of(deps.naming, row)
    container = deps.containers.facts(plan.container)
    if container is not None and container.status == "running":
        log.warning("stopping %s/%s: its team is not configured any more", row.team, row.name)
        halt(deps, plan, timeout=HALT_SECONDS)
        deps.environments.update(row.id, state=EnvironmentState.STOPPED, step="", job="")


def _as_job(deps: Deps, row: Environment, held: Held, operation: str, revival: Revival) -> bool:
    """Go on in a job that takes the lock along."""

    def work(call: Call) -> Envelope[EnvironmentView]:
        try:
            shown = view(deps, revival(deps, call, row))
        finally:
            held.release()
        return Envelope[EnvironmentView](
            status=Status.OK, summary=f"{row.name} is back.", data=shown, job=call.job
        )

    actor = Actor(row.team, ActorKind.CLI, HOLDER)
    origin = Origin("server")
    subject = Subject("environment", row.name, row.name, row.id)
    deps.jobs.start(operation, subject, actor, origin, work, revival=True)
    return True
