"""list_templates."""

from oduflow.domain.access import Permission
from oduflow.domain.counting import counted
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.domain.template import TemplateList
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.images import version_views
from oduflow.services.templates.view import template_view


@operation(permission=Permission.TEMPLATE_READ, effect=Effect.READ, rest="GET /templates")
def list_templates(deps: Deps, call: Call, args: Nothing) -> Outcome[TemplateList]:
    """List the team's templates, the environments cloned from each, and the Odoo versions."""
    sizes = deps.store.sizes.of(call.actor.team)
    found = tuple(
        template_view(deps.store, row, sizes) for row in deps.store.templates.list(call.actor.team)
    )
    steps = () if found else (Next.of("create_template", "creates the first one", name="base-19"),)
    versions = version_views(deps.engine.images, deps.settings.images.odoo)
    shown = TemplateList(templates=found, odoo_versions=versions)
    return Outcome(shown, f"{counted(len(found), 'template')}.", next=steps)
