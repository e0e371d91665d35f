"""Delete a template: everything that create made, the row last."""

import shutil
from dataclasses import dataclass

from oduflow.domain.plan import TemplatePlan
from oduflow.domain.template import Template, TemplateState
from oduflow.services.deps import Deps


def remove_template(deps: Deps, row: Template) -> None:
    """Remove a template; safe to repeat after a kill between any two lines."""
    deps.store.templates.update(row.id, state=TemplateState.DELETING)
    parts = TemplateCleanup(deps, TemplatePlan.of(deps.naming, row))
    parts.remove_one_off()
    parts.remove_database()
    parts.remove_volume()
    parts.remove_folder()
    parts.remove_row()


@dataclass(frozen=True, slots=True)
class TemplateCleanup:
    """The removable parts of one template; every removal may be repeated."""

    deps: Deps
    plan: TemplatePlan

    def remove_one_off(self) -> None:
        """Remove the throw-away container that a killed process left behind."""
        self.deps.engine.containers.remove(self.plan.one_off)

    def remove_database(self) -> None:
        """Drop the database and the role that owns its objects."""
        self.deps.postgres.cluster.drop_database(self.plan.database)
        self.deps.postgres.cluster.drop_role(self.plan.database)

    def remove_volume(self) -> None:
        """Remove the filestore."""
        self.deps.engine.volumes.remove(self.plan.volume)

    def remove_folder(self) -> None:
        """Remove the configuration and the secrets."""
        if self.plan.folder.exists():
            shutil.rmtree(self.plan.folder)

    def remove_row(self) -> None:
        """Forget the template; the last thing to go."""
        self.deps.store.templates.remove(self.plan.id)
