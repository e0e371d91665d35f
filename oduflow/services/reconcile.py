"""Bring the store and Docker together: finish or undo what a dead process began.

Runs only in the server, at its start and every half minute, and touches only what it can lock.
Nothing without a row is ever deleted.
"""

import logging
from collections.abc import Callable
from functools import partial

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Busy, Failure
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.template import TemplateState
from oduflow.kernel.call import Call, Origin
from oduflow.services.adoption import adopt
from oduflow.services.deps import Deps
from oduflow.services.environments import observed
from oduflow.services.lifecycle import rebuild, revive
from oduflow.services.teardown import tear_down
from oduflow.services.templates import remove

log = logging.getLogger(__name__)

HOLDER = "the reconciler"
UNFINISHED = frozenset({EnvironmentState.CREATING, EnvironmentState.DELETING})


def reconcile(deps: Deps, *, at_start: bool) -> None:
    """Look at every row whose lock is free and make the world agree with it.

    Args:
        deps: the product's parts.
        at_start: also bring back what was running before the engine or the machine restarted.
    """
    for job in deps.jobs.sweep():
        log.warning("job %s (%s %s) was interrupted", job.id, job.operation, job.target)
    for template in deps.templates.all():
        if template.state is not TemplateState.READY:
            key = f"templates/{template.team}/{template.name}"
            _locked(deps, key, partial(_undo_template, deps, template.id))
    adopt(deps)
    for row in deps.environments.all():
        key = f"environments/{row.team}/{row.name}"
        _locked(deps, key, partial(_settle, deps, row.id, at_start=at_start))


def _locked(deps: Deps, key: str, act: Callable[[], None]) -> None:
    try:
        held = deps.locks.acquire(key, HOLDER)
    except Busy:
        return  # its owner lives
    try:
        act()
    except Failure as failure:
        log.warning("%s: %s", key, failure.message)
    except Exception:
        log.exception("%s: a defect; the others are looked at all the same", key)
    finally:
        held.release()


def _undo_template(deps: Deps, template: str) -> None:
    row = deps.templates.by_id(template)
    if row is not None and row.state is not TemplateState.READY:
        remove(deps, row)


def _settle(deps: Deps, environment: str, *, at_start: bool) -> None:
    # Read again: the row may have changed between the list and the lock.
    row = deps.environments.by_id(environment)
    if row is None:
        return
    if row.state in UNFINISHED:
        log.warning("removing %s/%s, which was left %s", row.team, row.name, row.state)
        tear_down(deps, None, row)
    elif row.step == "rebuild":
        rebuild(deps, _call(row), row)
    else:
        _compare(deps, row, at_start=at_start)


def _compare(deps: Deps, row: Environment, *, at_start: bool) -> None:
    if row.step:  # a start that was cut off
        row = deps.environments.update(row.id, step="", job="")
    container = deps.containers.facts(EnvironmentPlan.of(deps.naming, row).container)
    seen = observed(row, container)
    stopped_by_engine = (
        row.state is EnvironmentState.RUNNING and container is not None and seen.state != row.state
    )
    if at_start and stopped_by_engine:
        revive(deps, _call(row), row)
    elif (seen.state, seen.error) != (row.state, row.error):
        log.warning("%s/%s is %s, not %s", row.team, row.name, seen.state, row.state)
        deps.environments.update(row.id, state=seen.state, error=seen.error)


def _call(row: Environment) -> Call:
    return Call(Actor(row.team, ActorKind.CLI, HOLDER), Origin("server"))
