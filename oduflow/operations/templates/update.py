"""update_template."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.outcome import Outcome
from oduflow.domain.template import TemplateView, UpdateTemplate
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.templates.update import update
from oduflow.services.templates.view import check_template_exists


@operation(
    permission=Permission.TEMPLATE_WRITE,
    effect=Effect.WRITE,
    scope=Scope.TEMPLATE,
    audit=("name", "description", "repo_url", "branch", "odoo_image", "modules", "extra_repos"),
    exists=check_template_exists,
    rest="PATCH /templates/{name}",
)
def update_template(deps: Deps, call: Call, args: UpdateTemplate) -> Outcome[TemplateView]:
    """Change a template's description, and what create_environment takes from it when left out."""
    return update(deps, call.actor.team, args)
