"""Extra repos in the store."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict, Unpack

from sqlalchemy import select, update

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.named import NamedRows
from oduflow.adapters.store.tables import environments, extra_repos
from oduflow.domain.errors import Conflict
from oduflow.domain.extra_repo import ExtraRepo, ExtraRepoState


class ExtraRepoChanges(TypedDict, total=False):
    """The columns of an extra repo that may change."""

    branches: Mapping[str, str]
    state: ExtraRepoState
    fetched_at: datetime
    step: str
    job: str


class ExtraRepos(NamedRows[ExtraRepo]):
    """Every team's extra repos."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, extra_repos, ExtraRepo, "extra repo", ExtraRepoChanges)

    def update(self, row: str, **changes: Unpack[ExtraRepoChanges]) -> ExtraRepo:
        """Change a row and return the changed row.

        Raises:
            NotFound: the row is gone.
        """
        return self._update(row, changes)

    def retire(self, row: ExtraRepo) -> None:
        """Mark a row as being deleted, unless an environment in any state uses it.

        Check and mark are one writing transaction: an environment that is created at the same
        time either has its row by now, which the check sees, or finds the mark.

        Raises:
            Conflict: names the environments.
        """
        used = select(environments.c.name, environments.c.extra_repos)
        mine = used.where(environments.c.team == row.team).order_by(environments.c.name)
        retired = update(extra_repos).where(extra_repos.c.id == row.id)
        with self._store.write() as connection:
            users = [
                name
                for name, pins in connection.execute(mine)
                if row.id in {pin.repo for pin in pins}
            ]
            if users:
                raise Conflict(
                    f"Extra repo {row.name} is in use by {', '.join(users)}.",
                    "Delete those environments first.",
                )
            connection.execute(retired.values(state=ExtraRepoState.DELETING))
