"""The states of an environment's checkout, and those that its Odoo has loaded."""

from contextlib import suppress

from oduflow.adapters.git.states import States
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Failure
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.groups import GitGroup

MOST_STATES = 8  # of which one environment's Odoo may have loaded parts
MORE_STATES = "*"  # in place of those that are not kept: any module may have been loaded
PLACE_SECONDS = 0.5  # a read does not wait for downloads


def states_of(naming: Naming, git: GitGroup, call: Call, row: Environment) -> States:
    """Open the states of an environment's checkout."""
    plan = EnvironmentPlan.of(naming, row)
    monitor = ProgressMonitor(cancelled=call.cancelled)
    return git.repositories.states(plan.git_dir, plan.checkout, monitor)


def note_loaded(deps: Deps, call: Call, row: Environment) -> Environment:
    """Add the files as they are to the states of which Odoo may have loaded parts.

    A change of modules loads whole modules. Files that are changed back afterwards, or changed
    again, are to be loaded once more, which a comparison with earlier states would not show.
    """
    states = states_of(deps.naming, deps.git, call, row)
    with deps.git.repositories.place(row.team):
        state = states.keep(row.commit)
        known = (each for each in row.applied_states if each != MORE_STATES)
        if not all(states.differs(each, state) for each in known):
            return row
    return deps.store.environments.update(row.id, applied=with_state(row, state))


def with_state(row: Environment, state: str) -> tuple[str, ...]:
    """Return the states that Odoo has loaded, with one more.

    The first and the newest are kept; a mark replaces the others, for which all is upgraded.
    """
    first, *others = row.applied_states
    kept = (*(each for each in others if each not in {state, MORE_STATES}), state)
    if MORE_STATES in others or len(kept) >= MOST_STATES:
        return (first, MORE_STATES, *kept[2 - MOST_STATES :])
    return (first, *kept)


def count_edits(naming: Naming, git: GitGroup, row: Environment) -> int | None:
    """Return how many files of an environment differ from its commit; None if git cannot tell."""
    if not row.commit:
        return None
    plan = EnvironmentPlan.of(naming, row)
    with suppress(Failure), git.repositories.place(row.team, seconds=PLACE_SECONDS):
        return len(git.repositories.edits(plan.git_dir, plan.checkout).changed(row.commit))
    return None
