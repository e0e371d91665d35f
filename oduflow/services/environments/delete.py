"""Remove an environment: its containers, database, filestore and folder, then the row."""

import logging

from oduflow.adapters.filestore.clone import remove_tree
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import QuotaReached
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments import python_deps
from oduflow.services.environments.cleanup import EnvironmentCleanup
from oduflow.services.environments.test_clone import TestClone
from oduflow.services.room import refuse_full_disk
from oduflow.services.saga import Saga, Step, record_steps
from oduflow.services.temporary import one_off_folders

log = logging.getLogger(__name__)


def remove_environment(deps: Deps, call: Call | None, row: Environment) -> None:
    """Remove every part of an environment.

    After a kill at any point, call it again: the row keeps the state `deleting` until every other
    part is removed, and removing a part that does not exist succeeds.

    Args:
        deps: the product's parts.
        call: receives the progress; None during recovery, which has no caller.
        row: the environment.
    """
    deps.store.environments.update(row.id, state=EnvironmentState.DELETING)
    steps = environment_removal_steps(deps, EnvironmentPlan.of(deps.naming, row))
    on_step = record_steps(
        lambda step: deps.store.environments.update(row.id, step=step),
        None if call is None else call.tell,
    )
    Saga("delete", steps, on_step, deps.work.failpoints).run()
    try:
        python_deps.prune(deps, row.team)
    except Exception:
        # The environment itself is removed; the next deletion of the team prunes again.
        log.exception("removing unused Python requirements of team %s failed", row.team)


def free_room_for(deps: Deps, row: Environment) -> None:
    """Free what a deletion on a full disk needs, because it needs the team's PostgreSQL.

    The containers and temporary files of the environment go first. Its deletion has begun then:
    where PostgreSQL does not start even so, recovery finishes it as soon as it does.
    """
    try:
        refuse_full_disk(deps.infrastructure.pools, row.team)
    except QuotaReached:
        plan = EnvironmentPlan.of(deps.naming, row)
        deps.store.environments.update(row.id, state=EnvironmentState.DELETING)
        parts = EnvironmentCleanup(deps, plan)
        parts.remove_one_off()
        parts.remove_container()
        TestClone(deps, plan).remove_container()
        for folder in (plan.temporary, *one_off_folders(plan), plan.tests_folder):
            remove_tree(folder)


def environment_removal_steps(deps: Deps, plan: EnvironmentPlan) -> tuple[Step, ...]:
    """List the steps in order; none has an undo, because a begun deletion is always finished."""
    parts = EnvironmentCleanup(deps, plan)
    return (
        Step("once", "removing throw-away containers", parts.remove_one_off),
        Step("tests", "removing a clone for tests", parts.remove_tests),
        Step("container", "removing the container", parts.remove_container),
        Step("snapshots", "dropping its snapshots", parts.remove_snapshots),
        Step("database", "dropping the database", parts.remove_database),
        Step("volume", "removing the filestore", parts.remove_volume),
        Step("folder", "removing the checkout", parts.remove_folder),
        Step("extra", "releasing extra repos", parts.release_extra),
        Step("row", "forgetting the environment", parts.remove_row),
    )
