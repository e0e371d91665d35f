"""Environments in the store."""

import sqlite3
from dataclasses import replace
from typing import TypedDict, Unpack

from sqlalchemy import Connection, and_, bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.errors import result_code
from oduflow.adapters.store.named import NamedRows
from oduflow.adapters.store.tables import environments, extra_repos, sizes, templates, warm_slots
from oduflow.domain.environment import (
    Environment,
    EnvironmentState,
    RelatedFacts,
    team_is_full,
)
from oduflow.domain.errors import Conflict, Failure, NotFound, QuotaReached
from oduflow.domain.extra_repo import ExtraRepoState, Pin
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import ErrorView
from oduflow.domain.pending_change import PendingChange
from oduflow.domain.storage import MeasuredSize
from oduflow.domain.template import is_neutralized

_RELATED = (
    select(
        templates.c.source,
        templates.c.commit,
        templates.c.neutralised,
        sizes.c.own,
        sizes.c.shared,
        sizes.c.measured_at,
    )
    .outerjoin_from(
        templates,
        sizes,
        and_(sizes.c.team == bindparam("team"), sizes.c.id == bindparam("environment")),
    )
    .where(templates.c.id == bindparam("template"))
)


class EnvironmentChanges(TypedDict, total=False):
    """The columns of an environment that may change."""

    repo_url: str
    branch: str
    requested_branch: str | None
    odoo_image: str
    modules: tuple[str, ...]
    state: EnvironmentState
    commit: str
    step: str
    job: str
    port: int | None
    protected: bool
    error: ErrorView | None
    addons: tuple[str, ...]
    python_deps: str
    extra_repos: tuple[Pin, ...]
    served: bool
    filestore: FilestoreKind
    applied: tuple[str, ...]
    applying: PendingChange | None


class Environments(NamedRows[Environment]):
    """Every team's environments."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, environments, Environment, "environment", EnvironmentChanges)

    def update(self, row: str, **changes: Unpack[EnvironmentChanges]) -> Environment:
        """Change a row and return the changed row.

        Raises:
            Conflict: the port belongs to another environment.
            NotFound: the row is gone.
        """
        return self._update(row, changes)

    def claim(self, row: Environment, *, limit: int | None) -> Environment:
        """Turn the warm slot with the row's id into the environment, in one transaction.

        Args:
            row: the environment; it gets the slot's port and filestore.
            limit: how many environments the team may have.

        Returns:
            The row as it was written; its port is None when another environment took the slot's.

        Raises:
            NotFound: there is no such slot.
            Failure: as `add`; the slot stays.
        """
        slots, table = warm_slots, environments
        with self._store.write() as connection:
            claimed = delete(slots).where(slots.c.id == row.id).returning(slots)
            slot = connection.execute(claimed).mappings().one_or_none()
            if slot is None:
                raise NotFound("The warm slot is gone.", "Call again.")
            taken = set(connection.scalars(select(table.c.port)))
            port = None if slot["port"] in taken else slot["port"]
            made = replace(row, port=port, filestore=slot["filestore"])
            self._add(connection, made, limit)
        return made

    def count(self, team: str) -> int:
        """Count the team's environments in any state."""
        with self._store.read() as connection:
            return self._count(connection, team)

    def count_by_team(self) -> dict[str, int]:
        """Count the environments in any state of each team that has some."""
        query = select(environments.c.team, func.count()).group_by(environments.c.team)
        with self._store.read() as connection:
            return {team: int(count) for team, count in connection.execute(query)}

    def related(self, row: Environment) -> RelatedFacts:
        """Return what other tables have about an environment, in one query."""
        values = {"team": row.team, "environment": row.id, "template": row.template_id}
        found = self._store.rows(_RELATED, values)
        if not found:
            return RelatedFacts()
        source, commit, neutralised, own, shared, moment = found[0]
        return RelatedFacts(
            None if moment is None else MeasuredSize(own, shared, moment),
            is_neutralized(source, commit, neutralised),
        )

    def using_template(self, template: str) -> tuple[str, ...]:
        """Return the names of the environments cloned from the template with that id."""
        table = environments
        query = select(table.c.name).where(table.c.template_id == template).order_by(table.c.name)
        with self._store.read() as connection:
            return tuple(connection.scalars(query))

    def using_extra_repo(self, team: str, repo: str) -> tuple[str, ...]:
        """Return the names of the team's environments that are pinned to the repo with that id."""
        return tuple(
            row.name for row in self.list(team) if repo in {pin.repo for pin in row.extra_repos}
        )

    def take_port(
        self, row: str, first: int, last: int, *, avoid: frozenset[int] = frozenset()
    ) -> int:
        """Reserve the lowest free port for an environment that has none yet, and return its port.

        Args:
            row: the environment's id.
            first: lowest port of the range.
            last: highest, itself included.
            avoid: ports that other programs use; an environment on one of these gets another.

        Raises:
            NotFound: the row is gone.
            QuotaReached: no port of the range is free.
        """
        table = environments
        with self._store.write() as connection:
            mine = connection.execute(select(table.c.port).where(table.c.id == row)).one_or_none()
            if mine is None:
                raise NotFound("The environment no longer exists.", "List them to see what does.")
            if mine.port is not None and mine.port not in avoid:
                return int(mine.port)
            taken = set(connection.scalars(select(table.c.port).where(table.c.port.is_not(None))))
            free = (port for port in range(first, last + 1) if port not in taken | avoid)
            port = next(free, None)
            if port is None:
                raise QuotaReached(
                    f"No host port of {first}-{last} is free.",
                    "Delete an environment, or widen [routing] port_range.",
                )
            connection.execute(update(table).where(table.c.id == row).values(port=port))
            return port

    def _check_new(self, connection: Connection, row: Environment) -> None:
        """Refuse an environment whose extra repo is not its team's, or is being deleted.

        Deleting an extra repo checks the environments in a writing transaction too, so the two
        cannot miss each other.
        """
        table = extra_repos
        ready = select(table.c.id).where(
            table.c.team == row.team, table.c.state == ExtraRepoState.READY
        )
        known = set(connection.scalars(ready)) if row.extra_repos else set()
        gone = [pin.name for pin in row.extra_repos if pin.repo not in known]
        if gone:
            raise Conflict(
                f"Extra repo {', '.join(gone)} was deleted meanwhile.",
                "",
                Next.of("list_extra_repos", "shows the existing ones"),
            )

    def _refusal(self, row: Environment, error: IntegrityError) -> Failure:
        if result_code(error) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
            return Conflict(f"The template “{row.template}” is gone.", "Choose another template.")
        return super()._refusal(row, error)

    def _full(self, count: int, limit: int) -> QuotaReached:
        return team_is_full(count, limit)
