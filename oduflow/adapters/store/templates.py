"""Templates in the store."""

from typing import TypedDict, Unpack

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.named import NamedRows
from oduflow.adapters.store.tables import templates
from oduflow.domain.errors import Conflict
from oduflow.domain.template import Template, TemplateState


class TemplateChanges(TypedDict, total=False):
    """The columns of a template that may change."""

    odoo_image: str
    modules: tuple[str, ...]
    state: TemplateState
    step: str
    job: str


class Templates(NamedRows[Template]):
    """Every team's templates."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, templates, Template, "template", TemplateChanges)

    def update(self, row: str, **changes: Unpack[TemplateChanges]) -> Template:
        """Change a row and return the changed row.

        Raises:
            NotFound: the row is gone.
        """
        return self._update(row, changes)

    def remove(self, row: str) -> None:
        """Delete the row; a missing row is no error.

        Raises:
            Conflict: environments were cloned from it.
        """
        try:
            super().remove(row)
        except Conflict as conflict:
            raise Conflict(
                "Environments are cloned from this template.", "Delete those environments first."
            ) from conflict
