"""delete_template."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.domain.template import TemplateName
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.move_journal import refuse_during_move
from oduflow.services.templates.delete import refuse_used, remove_template
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
    refuse_used(deps.store.environments, row)
    refuse_during_move(deps.store.facts, row.team)
    deps.infrastructure.wake(call.actor.team)
    remove_template(deps, row)
    return Outcome(Nothing(), f"Template {row.name} is deleted.")
