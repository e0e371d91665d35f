"""Templates in the store."""

from typing import TypedDict, Unpack

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.named import NamedRows
from oduflow.adapters.store.tables import templates
from oduflow.domain.errors import Conflict
from oduflow.domain.template import Template, TemplateState


class TemplateChanges(TypedDict, total=False):
    """What may change in the life of a template; the rest is for life."""

    odoo_image: str
    modules: tuple[str, ...]
    state: TemplateState
    step: str
    job: str


_CHANGEABLE = frozenset(TemplateChanges.__annotations__)


class Templates(NamedRows[Template]):
    """Every team's templates."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, templates, Template, "template")

    def add(self, row: Template) -> None:
        """Write a new row.

        Raises:
            Conflict: the team has one of that name.
        """
        self._add(row, row.name)

    def update(self, row: str, **changes: Unpack[TemplateChanges]) -> Template:
        """Change a row and return it as it is then.

        Raises:
            NotFound: the row is gone.
        """
        return self._update(row, _CHANGEABLE, changes)

    def remove(self, row: str) -> None:
        """Forget the row; one that is not there is no error.

        Raises:
            Conflict: environments are cloned from it; their filestores lie over its own.
        """
        try:
            super().remove(row)
        except Conflict as conflict:
            raise Conflict(
                "Environments are cloned from this template.", "Delete those environments first."
            ) from conflict
