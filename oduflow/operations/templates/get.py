"""get_template."""

from oduflow.domain.access import Permission
from oduflow.domain.outcome import Outcome
from oduflow.domain.template import TemplateDetail, TemplateName
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.templates.view import check_template_exists, find_template, template_detail


@operation(
    permission=Permission.TEMPLATE_READ,
    effect=Effect.READ,
    audit=("name",),
    exists=check_template_exists,
    rest="GET /templates/{name}",
)
def get_template(deps: Deps, call: Call, args: TemplateName) -> Outcome[TemplateDetail]:
    """Show one template, and the proof that its data of production were neutralised."""
    row = find_template(deps.store.templates, call.actor.team, args.name)
    proof = row.neutralised
    said = f": {len(proof.proven)} rules are proven" if proof else ""
    return Outcome(template_detail(deps.store, row), f"Template {row.name} is {row.state}{said}.")
