"""Rebuild an environment: a new container around the data that it has."""

from oduflow.domain.environment import Environment
from oduflow.domain.errors import Cancelled, Failure
from oduflow.domain.outcome import ErrorView
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.lifecycle import mark_serving
from oduflow.services.environments.provisioning import Provisioning
from oduflow.services.extra_repos.checkouts import clear_pinned_commits
from oduflow.services.saga import KeptForInspection, Saga


def rebuild(
    deps: Deps, call: Call, row: Environment, *, update_extra_repos: bool = False
) -> Environment:
    """Make the container anew and serve; database, filestore and checkout are kept.

    Its extra repos stay at the commits they are pinned to, unless asked to move to the newest
    that were fetched.

    Killed in the middle, the row says `rebuild` and the reconciler makes the container again.
    """
    deps.infrastructure.wake()
    image = deps.engine.images.facts(row.odoo_image)
    row = deps.store.environments.update(row.id, step="rebuild", job=call.job)
    deps.engine.containers.remove(EnvironmentPlan.of(deps.naming, row).container)
    if update_extra_repos:  # only now: a container that runs needs the checkouts it has
        row = clear_pinned_commits(deps, row)
    work = Provisioning(deps, call, row, image)
    saga = Saga("rebuild", work.steps(), work.on_step, deps.work.failpoints)
    try:
        saga.run()
    except KeptForInspection as kept:
        work.keep_as_failed(ErrorView.of(kept.failure))
        raise kept.failure from kept.failure.__cause__
    except Cancelled:
        # Not “rebuild” any more, or the reconciler would go on with what was just stopped.
        stopped = Cancelled(
            "The rebuild was stopped; the data is kept.", f"rebuild_environment name={row.name}"
        )
        work.keep_as_failed(ErrorView.of(stopped))
        raise stopped from None
    except Failure as failure:
        work.keep_as_failed(ErrorView.of(failure))
        raise
    return mark_serving(deps, work.row)
