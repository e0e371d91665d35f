"""import_template."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.outcome import Outcome
from oduflow.domain.template import ImportTemplate, TemplateView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.templates import import_


@operation(
    permission=Permission.TEMPLATE_WRITE,
    effect=Effect.WRITE,
    scope=Scope.TEMPLATE,
    locks={"source_upload": Scope.UPLOAD, "filestore_upload": Scope.UPLOAD},
    slow=True,
    audit=("name", "source", "filestore", "odoo_version", "odoo_image", "replace"),
    check=import_.check_import,
    rest="POST /templates/import",
)
def import_template(deps: Deps, call: Call, args: ImportTemplate) -> Outcome[TemplateView]:
    """Create a template from a backup of production, neutralised before Odoo starts on it."""
    return import_.import_template(deps, call, args)
