"""Templates in the store."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypedDict, Unpack

from sqlalchemy import Connection, update

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.named import NamedRows
from oduflow.adapters.store.tables import environments, templates
from oduflow.domain.errors import Conflict
from oduflow.domain.imported import ImportedFrom
from oduflow.domain.neutralised import Neutralised
from oduflow.domain.template import Template, TemplateDefaults, TemplateState


class TemplateChanges(TypedDict, total=False):
    """The columns of a template that may change."""

    odoo_image: str
    modules: tuple[str, ...]
    state: TemplateState
    step: str
    job: str
    size: int | None
    odoo_version: str
    postgres_version: str
    neutralised: Neutralised | None
    imported: ImportedFrom | None
    description: str
    defaults: TemplateDefaults


class Templates(NamedRows[Template]):
    """Every team's templates, with their earlier versions."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, templates, Template, "template", TemplateChanges)

    def update(self, row: str, **changes: Unpack[TemplateChanges]) -> Template:
        """Change a row and return the changed row.

        Raises:
            NotFound: the row is gone.
        """
        return self._update(row, changes)

    def versions(self, team: str, name: str) -> tuple[Template, ...]:
        """Return every version of a name, the earliest first."""
        found = (row for row in self.list(team) if row.base_name == name)
        return tuple(sorted(found, key=lambda row: row.version))

    def publish(self, row: Template) -> Template:
        """Make a sealed version the current one of its name, in place of the one that is.

        One transaction: at any moment the name has one current version.
        """
        current = self.get(row.team, row.base_name)
        with self._store.write() as connection:
            if current is not None and current.id != row.id:
                self._retire(connection, current)
            changes = {"name": row.base_name, "state": TemplateState.READY, "step": "", "job": ""}
            self._change(connection, row, changes)
        return self._existing(self.by_id(row.id))

    def adopt(self, row: Template) -> None:
        """Write the row of a template that was found; the latest version is the current one."""
        current = self.get(row.team, row.name)
        if current is not None and current.version > row.version:
            row = replace(row, name=row.version_name, state=TemplateState.RETIRED)
        elif current is not None:
            with self._store.write() as connection:
                self._retire(connection, current)
        self.add(row)

    def rename(self, team: str, name: str, new_name: str) -> None:
        """Rename every version of a name; environments show the new one.

        Raises:
            Conflict: the new name has a template.
        """
        rows = self.versions(team, name)
        if self.versions(team, new_name):
            raise Conflict(
                f"There is a template “{new_name}” already.",
                "Choose another name, or delete that template first.",
            )
        table = environments
        with self._store.write() as connection:
            for row in rows:
                shown = replace(row, name=new_name + row.name.removeprefix(name))
                self._change(connection, row, {"name": shown.name})
                connection.execute(
                    update(table).where(table.c.template_id == row.id).values(template=new_name)
                )

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

    def _retire(self, connection: Connection, row: Template) -> None:
        changes = {"name": row.version_name, "state": TemplateState.RETIRED}
        self._change(connection, row, changes)

    def _change(self, connection: Connection, row: Template, changes: Mapping[str, object]) -> None:
        connection.execute(update(templates).where(templates.c.id == row.id).values(**changes))
