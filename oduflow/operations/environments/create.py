"""create_environment."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import CreateEnvironment, EnvironmentView
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Profile, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.checks import check_address
from oduflow.services.environments.create import ensure_environment
from oduflow.services.environments.defaults import check_repository_known


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.NEW_ENVIRONMENT,
    slow=True,
    open_world=True,
    audit=("name", "repo_url", "branch", "template", "odoo_image", "modules", "extra_repos"),
    check=check_address,
    exists=check_repository_known,
    profiles=(Profile.CODING,),
    rest="POST /environments",
)
def create_environment(deps: Deps, call: Call, args: CreateEnvironment) -> Outcome[EnvironmentView]:
    """Create a disposable Odoo environment for a git branch.

    Checks out the branch, clones the template, installs the modules, starts Odoo and waits until it
    serves. A repeated call returns the environment, or replaces one whose creation failed; with
    other arguments it is a conflict.
    """
    return ensure_environment(deps, call, args)
