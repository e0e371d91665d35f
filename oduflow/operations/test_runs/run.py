"""run_tests."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.domain.test_run import RunTests
from oduflow.domain.test_run_view import TestRunView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Profile, operation
from oduflow.services.deps import Deps
from oduflow.services.test_runs.run import check_arguments, run_tests_of


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    idempotent=False,
    audit=("name", "modules", "tags", "failed_of"),
    check=check_arguments,
    profiles=(Profile.CODING,),
    rest="POST /environments/{name}/tests",
)
def run_tests(
    deps: Deps, call: Call, args: RunTests, environment: Environment
) -> Outcome[TestRunView]:
    """Run the tests of installed modules, with uncommitted edits, on a clone of the data.

    No test, or one that does not run, is a failure.
    """
    return run_tests_of(deps, call, environment, args)
