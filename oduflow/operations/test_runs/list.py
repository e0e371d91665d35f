"""list_test_runs."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.counting import counted
from oduflow.domain.environment import Environment, EnvironmentName
from oduflow.domain.outcome import Outcome
from oduflow.domain.test_run_view import TestRunList, TestRunSummary
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    audit=("name",),
    rest="GET /environments/{name}/tests",
)
def list_test_runs(
    deps: Deps, call: Call, args: EnvironmentName, environment: Environment
) -> Outcome[TestRunList]:
    """List an environment's test runs, newest first."""
    shown = tuple(map(TestRunSummary.of, deps.store.test_runs.of(environment.id)))
    said = f"{environment.name} has {counted(len(shown), 'test run')}."
    return Outcome(TestRunList(test_runs=shown), said)
