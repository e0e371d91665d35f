"""create_template."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.outcome import Outcome
from oduflow.domain.template import CreateTemplate, TemplateView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.templates.create import check_template, ensure_template


@operation(
    permission=Permission.TEMPLATE_WRITE,
    effect=Effect.WRITE,
    scope=Scope.TEMPLATE,
    slow=True,
    audit=(
        "name",
        "odoo_version",
        "odoo_image",
        "modules",
        "demo",
        "language",
        "country",
        "replace",
    ),
    check=check_template,
    rest="POST /templates",
)
def create_template(deps: Deps, call: Call, args: CreateTemplate) -> Outcome[TemplateView]:
    """Create a template that environments are cloned from.

    Installs Odoo with the modules, generates its assets and seals it.
    """
    return ensure_template(deps, call, args)
