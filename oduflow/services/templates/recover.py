"""Recover templates after a kill or the loss of the store, and record what older rows lack.

A stray volume is complete when its labels can be read, its team is configured and its database is
sealed. Its labels are older than its contents, so that it lacks what was read from these.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from oduflow.domain.neutralised import Neutralised
from oduflow.domain.plan import TemplatePlan
from oduflow.domain.template import Template, TemplateState
from oduflow.kernel.locks import Held, LockKey
from oduflow.services.deps import Deps
from oduflow.services.recoverable import Leftover, Recoverable, Stray, TeamWork, Unsettled
from oduflow.services.templates.delete import remove_template
from oduflow.services.templates.facts import lacks_facts, record_facts

# A database with data of production is sealed after it was neutralised, and only a sealed one is
# adopted.
_ADOPTED = Neutralised(
    at="",
    seconds=0.0,
    odoo=(),
    rules=(),
    proven=(),
    warnings=("The store was lost; the database was neutralised before it was sealed.",),
)


@dataclass(frozen=True, slots=True)
class TemplateRecovery(Recoverable):
    """Implements `Recoverable` for templates."""

    deps: Deps
    _read: set[str] = field(default_factory=set, init=False)

    def ids(self) -> AbstractSet[str]:
        """Return the ids of all templates."""
        return {row.id for row in self.deps.store.templates.all()}

    def unsettled(self, *, revive: AbstractSet[str]) -> Iterator[Unsettled]:  # noqa: ARG002
        """Find templates that are half-created or half-deleted, and unused earlier versions."""
        for row in self.deps.store.templates.all():
            configured = row.team in self.deps.settings.teams
            if configured and self._is_unsettled(row):
                key = LockKey.template(row.team, row.base_name)
                yield Unsettled(key, partial(self._undo, row.id))

    def team_work(self) -> Iterator[TeamWork]:
        """Read what templates of older versions and adopted ones lack."""
        teams = {row.team for row in self.deps.store.templates.all() if lacks_facts(row)}
        for team in sorted(teams & self.deps.settings.teams.keys()):
            yield TeamWork(team, partial(self._lacking, team))

    def _lacking(self, team: str) -> Iterator[Unsettled]:
        """Find those that were not read yet, if the team's PostgreSQL runs."""
        if self.deps.infrastructure.databases.servers[team].running() is None:
            return
        for row in self.deps.store.templates.list(team):
            if lacks_facts(row) and row.id not in self._read:
                yield Unsettled(LockKey.template(team, row.base_name), partial(self._fill, row.id))

    def _fill(self, template: str, _held: Held) -> bool:
        row = self.deps.store.templates.by_id(template)
        if row is not None and lacks_facts(row):
            self._read.add(template)  # one that cannot be read is tried again by the next server
            record_facts(self.deps, row)
        return False

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
                adopt = partial(self.deps.store.templates.adopt, row)
                yield Stray(leftover, row.id, f"{row.team}/{row.name}", adopt)

    def _undo(self, template: str, _held: Held) -> bool:
        row = self.deps.store.templates.by_id(template)
        if row is not None and self._is_unsettled(row):
            remove_template(self.deps, row)
        return False

    def _is_unsettled(self, row: Template) -> bool:
        if row.state is TemplateState.RETIRED:
            return not self.deps.store.environments.using_template(row.id)
        return row.state is not TemplateState.READY


def _was_neutralised(labels: Mapping[str, str]) -> bool:
    """Whether a sealed template was: an import always, a saved one if its volume's labels say so.

    The volume of an import is made before it is neutralised, and that of a saved one afterwards.
    """
    if labels.get("commit"):
        return labels.get("neutralised") == str(True)
    return bool(labels.get("source"))


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
            source=labels.get("source", ""),
            odoo_version=labels.get("odoo_version", ""),
            postgres_version=labels.get("postgres_version", ""),
            neutralised=_ADOPTED if _was_neutralised(labels) else None,
            commit=labels.get("commit", ""),
            version=int(labels.get("version", "1")),
            state=TemplateState.READY,
            created_by=labels["created_by"],
            created_at=datetime.fromisoformat(labels["created_at"]),
        )
    except (KeyError, ValueError):
        return None
