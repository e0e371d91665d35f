"""Where a new environment's database and filestore come from.

A template today; a snapshot and another environment are further implementations.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from oduflow.adapters.docker.volumes import Volumes
from oduflow.domain.errors import Conflict
from oduflow.domain.next_call import Next
from oduflow.domain.plan import Naming, TemplatePlan
from oduflow.domain.template import Template, TemplateState
from oduflow.kernel.locks import LockKey
from oduflow.services.groups import StoreGroup


class Source(Protocol):
    """A database and a filestore to clone."""

    @property
    def lock(self) -> LockKey:
        """The lock that keeps the source from being deleted while it is held."""

    @property
    def database(self) -> str:
        """The database to clone; a role of the same name owns its objects."""

    def filestore(self, volumes: Volumes) -> Path:
        """Return the filestore, which need not exist."""

    def refuse_if_deleted(self, store: StoreGroup) -> None:
        """Refuse a source that was deleted since it was chosen.

        Raises:
            Conflict: it has no row any more, or is being deleted.
        """


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """Implements `Source` for a sealed template."""

    naming: Naming
    template: Template

    @property
    def lock(self) -> LockKey:
        """The lock of this version; that of the name is held while the next one is made."""
        return LockKey.template_version(self.template.team, self.template.id)

    @property
    def database(self) -> str:
        """The template's sealed database."""
        return TemplatePlan.of(self.naming, self.template).database

    def filestore(self, volumes: Volumes) -> Path:
        """Return the filestore in the template's volume."""
        plan = TemplatePlan.of(self.naming, self.template)
        return volumes.mountpoint(plan.volume) / "filestore" / plan.database

    def refuse_if_deleted(self, store: StoreGroup) -> None:
        """Refuse a template that was deleted meanwhile, also one whose deletion was cut off."""
        found = store.templates.by_id(self.template.id)
        if found is None or found.state is TemplateState.DELETING:
            raise Conflict(
                f"Template {self.template.name} was deleted meanwhile.",
                "",
                Next.of("list_templates", "shows the existing ones"),
            )
