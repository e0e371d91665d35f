"""Where a new environment's database and filestore come from.

A template today; a snapshot and another environment are further implementations.
"""

from dataclasses import dataclass
from typing import Protocol

from oduflow.domain.errors import Conflict
from oduflow.domain.next_call import Next
from oduflow.domain.plan import Naming, TemplatePlan
from oduflow.domain.template import Template
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

    @property
    def volume(self) -> str:
        """The volume whose folder `filestore/<database>` is cloned."""

    def refuse_if_deleted(self, store: StoreGroup) -> None:
        """Refuse a source that was deleted since it was chosen.

        Raises:
            Conflict: it has no row any more.
        """


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """Implements `Source` for a sealed template."""

    naming: Naming
    template: Template

    @property
    def lock(self) -> LockKey:
        """The template's lock."""
        return LockKey.template(self.template.team, self.template.name)

    @property
    def database(self) -> str:
        """The template's sealed database."""
        return TemplatePlan.of(self.naming, self.template).database

    @property
    def volume(self) -> str:
        """The template's filestore."""
        return TemplatePlan.of(self.naming, self.template).volume

    def refuse_if_deleted(self, store: StoreGroup) -> None:
        """Refuse a template that was deleted meanwhile."""
        if store.templates.by_id(self.template.id) is None:
            raise Conflict(
                f"Template {self.template.name} was deleted meanwhile.",
                "",
                Next.of("list_templates", "shows the existing ones"),
            )
