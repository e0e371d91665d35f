"""save_as_template."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.domain.template import SaveAsTemplate, TemplateView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.templates import save


@operation(
    permission=Permission.TEMPLATE_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    locks={"template": Scope.TEMPLATE},
    slow=True,
    idempotent=False,
    audit=("name", "template", "replace"),
    rest="POST /environments/{name}/template",
)
def save_as_template(
    deps: Deps, call: Call, args: SaveAsTemplate, environment: Environment
) -> Outcome[TemplateView]:
    """Make a template, or a new version of one, of an environment's data of this moment.

    Odoo pauses meanwhile, and no request fails. Sessions and the environment's secrets stay behind.
    """
    refuse_unfinished(deps, environment)
    return save.save_as_template(deps, call, args, environment)
