"""Record that an environment failed, and why."""

from typing import Unpack

from oduflow.adapters.outputs.files import OutputFiles
from oduflow.adapters.store import EnvironmentChanges, Environments
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Failure
from oduflow.domain.outcome import ErrorView
from oduflow.kernel.outputs import keep_output


def mark_failed(
    environments: Environments,
    outputs: OutputFiles,
    row: Environment,
    failure: Failure,
    **facts: Unpack[EnvironmentChanges],
) -> None:
    """Record the failure in the environment's row, and store its whole output for the environment.

    The row shows the lines that explain the failure. Lines before them may hold its cause, and a
    later call finds them, also one of a grant of this environment. Further facts of the row are
    written at the same moment.
    """
    if not failure.handle and failure.whole.strip() != failure.output.strip():
        kept = keep_output(outputs, failure.whole, team=row.team, environment=row.id)
        failure.handle = kept.handle or ""
    changes: EnvironmentChanges = {"state": EnvironmentState.FAILED, "step": "", "job": ""}
    changes.update(facts)
    environments.update(row.id, **changes | {"error": ErrorView.of(failure)})
