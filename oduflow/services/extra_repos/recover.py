"""Recover extra repos after a kill or the loss of the store.

A stray folder is complete when its description can be read.
"""

import json
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from oduflow.domain.extra_repo import ExtraRepo, ExtraRepoState, is_commit, is_id
from oduflow.files.regular import read_regular
from oduflow.kernel.locks import Held, LockKey
from oduflow.services.deps import Deps
from oduflow.services.extra_repos.checkouts import remove_unused_checkouts, unused_checkouts
from oduflow.services.extra_repos.delete import remove_extra_repo
from oduflow.services.recoverable import (
    Leftover,
    Recoverable,
    Stray,
    Unsettled,
    of_one_team,
)

ABOUT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ExtraRepoRecovery(Recoverable):
    """Implements `Recoverable` for extra repos."""

    deps: Deps

    def ids(self) -> AbstractSet[str]:
        """Return the ids of all extra repos."""
        return {row.id for row in self.deps.store.extra_repos.all()}

    def unsettled(self, *, revive: AbstractSet[str]) -> Iterator[Unsettled]:  # noqa: ARG002
        """Find extra repos that are half-added or half-deleted, or have unused checkouts.

        A living process may work on such a row; then its lock is held.
        """
        for row in self.deps.store.extra_repos.all():
            if self._is_unsettled(row):
                yield Unsettled(
                    LockKey.extra_repo(row.team, row.name), partial(self._settle, row.id)
                )

    def _is_unsettled(self, row: ExtraRepo) -> bool:
        if row.state is not ExtraRepoState.READY or row.step:
            return True
        unused: tuple[Path, ...] = ()
        with of_one_team(row.team, f"checkouts of {row.name}"):
            unused = unused_checkouts(self.deps.naming, self.deps.store, row.team, row.id)
        return bool(unused)

    def strays(self, adoptable: AbstractSet[str]) -> Iterator[Stray]:  # noqa: ARG002
        """Find folders of extra repos without a row, and read their descriptions."""
        naming, folders = self.deps.naming, []
        for team in self.deps.settings.teams:
            with of_one_team(team, "extra repos"):
                root = naming.extra_repos_folder(team)
                found = sorted(root.iterdir()) if root.is_dir() else ()
                folders += [(team, folder) for folder in found]
        known = self.ids()  # read after the list, so that an extra repo in creation has its row
        for team, folder in folders:
            if folder.name in known:
                continue
            leftover = Leftover("Folder", str(folder.relative_to(naming.data_dir)))
            row = None
            with of_one_team(team, leftover.name):
                row = _described(team, folder)
            if row is None:
                yield Stray(leftover)
            else:
                adopt = partial(self.deps.store.extra_repos.add, row)
                yield Stray(leftover, row.id, f"{row.team}/{row.name}", adopt)

    def _settle(self, repo: str, _held: Held) -> bool:
        row = self.deps.store.extra_repos.by_id(repo)
        if row is None:
            return False
        if row.state is not ExtraRepoState.READY:
            remove_extra_repo(self.deps, None, row)
            return False
        if row.step:  # an interrupted update; the git folder has a marker of its own
            self.deps.store.extra_repos.update(row.id, step="", job="")
        remove_unused_checkouts(self.deps.naming, self.deps.store, row.team, row.id)
        return False


def _described(team: str, folder: Path) -> ExtraRepo | None:
    try:
        described = json.loads(read_regular(folder / "about.json", ABOUT_BYTES) or "")
        row = ExtraRepo(
            id=described["id"],
            team=described["team"],
            name=described["name"],
            repo_url=described["repo_url"],
            branch=described["branch"],
            branches=dict(described["branches"]),
            state=ExtraRepoState.READY,
            created_by=described["created_by"],
            created_at=datetime.fromisoformat(described["created_at"]),
            fetched_at=datetime.fromisoformat(described["fetched_at"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
    own = (row.id, row.team) == (folder.name, team) and is_id(row.id)
    return row if own and all(map(is_commit, row.branches.values())) else None
