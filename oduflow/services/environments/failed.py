"""Record that an environment failed, and why."""

from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Failure
from oduflow.domain.outcome import ErrorView
from oduflow.kernel.outputs import keep_output
from oduflow.services.deps import Deps


def mark_failed(deps: Deps, row: Environment, failure: Failure) -> None:
    """Record the failure in the environment's row, and store its whole output for the environment.

    The row shows the lines that explain the failure. Lines before them may hold its cause, and a
    later call finds them, also one of a grant of this environment.
    """
    if not failure.handle and failure.whole.strip() != failure.output.strip():
        kept = keep_output(deps.work.outputs, failure.whole, team=row.team, environment=row.id)
        failure.handle = kept.handle or ""
    deps.store.environments.update(
        row.id, state=EnvironmentState.FAILED, step="", job="", error=ErrorView.of(failure)
    )
