"""Remove a template: container, database, filestore and folder, then the row."""

from dataclasses import dataclass

from oduflow.domain.plan import TemplatePlan
from oduflow.domain.template import Template, TemplateState
from oduflow.services.cleanup import Cleanup
from oduflow.services.deps import Deps


def remove_template(deps: Deps, row: Template) -> None:
    """Remove a template; after a kill at any point, call it again."""
    deps.store.templates.update(row.id, state=TemplateState.DELETING)
    parts = TemplateCleanup(deps, TemplatePlan.of(deps.naming, row))
    parts.remove_one_off()
    parts.remove_database()
    parts.remove_volume()
    parts.remove_folder()
    parts.remove_row()


@dataclass(frozen=True, slots=True)
class TemplateCleanup(Cleanup):
    """The removable parts of one template."""

    plan: TemplatePlan

    def remove_row(self) -> None:
        """Delete the row; always the last step, because recovery finds the rest through it."""
        self.deps.store.templates.remove(self.plan.id)
