"""rename_template."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.outcome import Outcome
from oduflow.domain.template import RenameTemplate, TemplateView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.templates.update import rename
from oduflow.services.templates.view import check_template_exists


@operation(
    permission=Permission.TEMPLATE_WRITE,
    effect=Effect.WRITE,
    scope=Scope.TEMPLATE,
    locks={"new_name": Scope.TEMPLATE},
    audit=("name", "new_name"),
    exists=check_template_exists,
    rest="POST /templates/{name}/rename",
)
def rename_template(deps: Deps, call: Call, args: RenameTemplate) -> Outcome[TemplateView]:
    """Rename a template; its environments stay with it."""
    return rename(deps.store, deps.settings, call.actor.team, args)
