"""list_templates."""

from oduflow.domain.access import Permission
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.domain.template import TemplateList, TemplateView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps


@operation(permission=Permission.TEMPLATE_READ, effect=Effect.READ, rest="GET /templates")
def list_templates(deps: Deps, call: Call, args: Nothing) -> Outcome[TemplateList]:
    """List the team's templates and the environments cloned from each."""
    found = tuple(
        TemplateView.of(row, deps.environments.using_template(row.id))
        for row in deps.templates.list(call.actor.team)
    )
    steps = () if found else ("create_template name=base-19",)
    return Outcome(TemplateList(templates=found), f"{len(found)} templates.", next=steps)
