"""Extra repos after a kill, or after the store was lost.

What a dead process left half-made is removed, and checkouts that nobody is pinned to. A folder
without a row is taken in when it describes itself; else it is left alone, and told.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from oduflow.domain.extra_repo import ExtraRepo, ExtraRepoState, is_commit, is_id
from oduflow.files.regular import read_regular
from oduflow.services.deps import Deps
from oduflow.services.extra_repos.checkouts import sweep, unused
from oduflow.services.extra_repos.update import remove

ABOUT_BYTES = 1 << 20


def is_unsettled(deps: Deps, row: ExtraRepo) -> bool:
    """Whether there may be something to settle; looked at without a lock, so it may be at work."""
    return (
        row.state is not ExtraRepoState.READY
        or row.step != ""
        or unused(deps, row.team, row.id) != ()
    )


def settle(deps: Deps, row: ExtraRepo) -> None:
    """Finish or undo what a dead process began; the extra repo's lock is held."""
    if row.state is not ExtraRepoState.READY:
        remove(deps, None, row)
        return
    if row.step:  # an update that was cut off; git's folder carries its own mark
        deps.extra_repos.update(row.id, step="", job="")
    sweep(deps, row.team, row.id)


def strays(deps: Deps) -> Iterator[tuple[str, ExtraRepo | None]]:
    """Find folders of extra repos without a row, and what each says of itself."""
    # Looked at before the rows: whatever is being made has its row already.
    folders = [
        (team, folder)
        for team in deps.settings.teams
        for root in [deps.naming.extra_repos_folder(team)]
        for folder in (sorted(root.iterdir()) if root.is_dir() else ())
    ]
    known = {row.id for row in deps.extra_repos.all()}
    for team, folder in folders:
        if folder.name not in known:
            yield str(folder.relative_to(deps.naming.data_dir)), _described(team, folder)


def _described(team: str, folder: Path) -> ExtraRepo | None:
    try:
        told = json.loads(read_regular(folder / "about.json", ABOUT_BYTES) or "")
        row = ExtraRepo(
            id=told["id"],
            team=told["team"],
            name=told["name"],
            repo_url=told["repo_url"],
            branch=told["branch"],
            branches=dict(told["branches"]),
            state=ExtraRepoState.READY,
            created_by=told["created_by"],
            created_at=datetime.fromisoformat(told["created_at"]),
            fetched_at=datetime.fromisoformat(told["fetched_at"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
    own = (row.id, row.team) == (folder.name, team) and is_id(row.id)
    return row if own and all(map(is_commit, row.branches.values())) else None
