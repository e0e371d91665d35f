"""diff_environment."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.comparison.view import DiffEnvironment, DiffView
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments import diff


def check_sections(_deps: Deps, args: DiffEnvironment) -> None:
    """Refuse a section and a model that select nothing together.

    Raises:
        Invalid: the section's records are about no model.
    """
    _ = args.sections


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    slow=True,
    audit=("name", "before", "after", "section", "model"),
    check=check_sections,
    rest="POST /environments/{name}/diff",
)
def diff_environment(
    deps: Deps, call: Call, args: DiffEnvironment, environment: Environment
) -> Outcome[DiffView]:
    """Show what changed in an environment's database since its template or a snapshot.

    Modules, fields, views, access rules, parameters, data, tables and rows.
    """
    return diff.diff_environment(deps, call, environment, args)
