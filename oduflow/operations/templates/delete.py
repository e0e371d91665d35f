"""delete_template."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.errors import Conflict
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.domain.template import TemplateName
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.templates.delete import remove_template
from oduflow.services.templates.view import check_template_exists, find_template


@operation(
    permission=Permission.TEMPLATE_DESTROY,
    effect=Effect.DESTROY,
    scope=Scope.TEMPLATE,
    slow=True,
    cancellable=False,
    audit=("name",),
    exists=check_template_exists,
    rest="DELETE /templates/{name}",
)
def delete_template(deps: Deps, call: Call, args: TemplateName) -> Outcome[Nothing]:
    """Delete a template; refused while an environment is cloned from it. There is no undo."""
    row = find_template(deps.store.templates, call.actor.team, args.name)
    users = deps.store.environments.using_template(row.id)
    if users:
        raise Conflict(
            f"Template {row.name} is in use by {', '.join(users)}.",
            "Delete those environments first.",
        )
    deps.infrastructure.wake(call.actor.team)
    remove_template(deps, row)
    return Outcome(Nothing(), f"Template {row.name} is deleted.")
