"""get_test_run."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.domain.test_run import GetTestRun
from oduflow.domain.test_run_view import TestRunView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.test_runs.find import shown_run


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    audit=("name", "run"),
    rest="GET /environments/{name}/tests/{run}",
)
def get_test_run(
    deps: Deps, call: Call, args: GetTestRun, environment: Environment
) -> Outcome[TestRunView]:
    """Show a test run; its `output` has every test."""
    return shown_run(deps.store.test_runs, environment, args)
