"""Recover templates after a kill or the loss of the store.

A stray volume is complete when its labels can be read, its team is configured and its database is
sealed.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from oduflow.domain.plan import TemplatePlan
from oduflow.domain.template import Template, TemplateState
from oduflow.kernel.locks import Held, LockKey
from oduflow.services.deps import Deps
from oduflow.services.recoverable import Leftover, Recoverable, Stray, Unsettled
from oduflow.services.templates.delete import remove_template


@dataclass(frozen=True, slots=True)
class TemplateRecovery(Recoverable):
    """Implements `Recoverable` for templates."""

    deps: Deps

    def ids(self) -> AbstractSet[str]:
        """Return the ids of all templates."""
        return {row.id for row in self.deps.store.templates.all()}

    def unsettled(self, *, revive: AbstractSet[str]) -> Iterator[Unsettled]:  # noqa: ARG002
        """Find templates that are half-created or half-deleted."""
        for row in self.deps.store.templates.all():
            configured = row.team in self.deps.settings.teams
            if configured and row.state is not TemplateState.READY:
                yield Unsettled(LockKey.template(row.team, row.name), partial(self._undo, row.id))

    def strays(self, adoptable: AbstractSet[str]) -> Iterator[Stray]:  # noqa: ARG002
        """Find filestores of templates without a row."""
        naming, databases = self.deps.naming, self.deps.infrastructure.databases
        volumes = self.deps.engine.volumes.list(naming.labels("template"))
        known = self.ids()  # read after the list, so that a template in creation has its row
        strays = [each for each in volumes if naming.own_labels(each.labels).get("id") not in known]
        for volume in strays:
            leftover = Leftover("Volume", volume.name, f"docker volume rm {volume.name}")
            row = _described(naming.own_labels(volume.labels))
            if (
                row is None
                or row.team not in self.deps.settings.teams
                or TemplatePlan.of(naming, row).database not in databases.sealed(row.team)
            ):
                yield Stray(leftover)
            else:
                adopt = partial(self.deps.store.templates.add, row)
                yield Stray(leftover, row.id, f"{row.team}/{row.name}", adopt)

    def _undo(self, template: str, _held: Held) -> bool:
        row = self.deps.store.templates.by_id(template)
        if row is not None and row.state is not TemplateState.READY:
            remove_template(self.deps, row)
        return False


def _described(labels: Mapping[str, str]) -> Template | None:
    try:
        return Template(
            id=labels["id"],
            team=labels["team"],
            name=labels["name"],
            odoo_image=labels["odoo_image"],
            modules=tuple(filter(None, labels["modules"].split(","))),
            demo=labels.get("demo") == str(True),
            language=labels.get("language", ""),
            country=labels.get("country", ""),
            state=TemplateState.READY,
            created_by=labels["created_by"],
            created_at=datetime.fromisoformat(labels["created_at"]),
        )
    except (KeyError, ValueError):
        return None
