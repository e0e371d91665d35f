"""Move a team's folder, with checkouts, uploads and Python packages, into the team's pool.

The steps, each of which leaves what the next one, or a recovery, recognises:

1. the files are copied to a draft in the pool and compared, while nothing uses them;
2. the team's folder is renamed into the former one: from here on the draft is whole, and counts;
3. the draft gets its name, onto an empty folder at most: no files of the pool are ever replaced;
4. a link takes the place of the team's folder;
5. the former folder is removed.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from oduflow.adapters.filestore.clone import remove_tree
from oduflow.adapters.pool.file_notes import FileNotes
from oduflow.adapters.pool.pool import Pool
from oduflow.adapters.pool.pools import Pools, has_files
from oduflow.adapters.pool.transfer import Transfer, synchronise
from oduflow.domain.errors import Conflict, UpstreamFailed
from oduflow.domain.plan import Naming
from oduflow.files.private import make_folder, writing


def files_outside(pools: Pools, team: str) -> Path | None:
    """Return the team's folder if it has files although the team has a pool of its own.

    Raises:
        Conflict: the pool has files too, so that one of them is not what the team works with.
    """
    folder, pool = pools.naming.team_folder(team), pools.of(team)
    if not pool.own or not pool.takes_new or folder.is_symlink() or not has_files(folder):
        return None
    if has_files(pool.files):
        raise Conflict(
            f"The files of team {team} are in its pool, and there are others in {folder}.",
            f"Put what you need of them into {pool.files}, then remove {folder}: the server links "
            "it to the pool again.",
        )
    return folder


def copy_files(pools: Pools, team: str, on_bytes: Callable[[int], None]) -> None:
    """Copy the folder to a draft and compare it, while nothing of the team's works.

    Raises:
        CopyDiffers: a file of the copy is not as the original.
        OSError: a file cannot be read or written.
    """
    pool = pools.of(team)
    remove_tree(_draft(pool))
    with closing(FileNotes(make_folder(pools.naming.scratch))) as notes:
        Transfer(pools.naming.team_folder(team), _draft(pool), notes, on_bytes).finish()


def switch_files(pools: Pools, team: str, reach: Callable[[str], None]) -> None:
    """Exchange the folder for its complete draft; `reach` is called between the steps."""
    pool, folder = pools.of(team), pools.naming.team_folder(team)
    with writing():
        folder.rename(_former(pools.naming, team))
        synchronise(pools.naming.data_dir)
        reach("move.files_renamed.after")
        _draft(pool).rename(pool.files)
        synchronise(pool.files)
        reach("move.files_named.after")
    settle_files(pools, team)


def settle_files(pools: Pools, team: str) -> None:
    """Finish a switch after the rename; before it, take the draft back. It may be repeated.

    Raises:
        UpstreamFailed: the copy is not there, so the former folder is kept.
        Conflict: see `_refuse_others`.
    """
    naming, pool = pools.naming, pools.of(team)
    link, former = naming.team_folder(team), _former(naming, team)
    if pool.own:
        pool.require_mounted()
    draft = _draft(pool)
    if not former.is_dir():
        if pool.own:
            remove_tree(draft)
        return
    if draft.is_dir():
        _refuse_others(pool, team)
        with writing():
            draft.rename(pool.files)
            synchronise(pool.files)
    if has_files(former) and not has_files(pool.files):
        raise UpstreamFailed(
            f"The files of team {team} are not in its pool.",
            f"{former} has them: bring back the image that they were copied to, or rename the "
            f"folder to {link.name}.",
        )
    with writing():
        if not link.is_symlink():
            if link.is_dir():  # which the server makes, empty, at its start
                link.rmdir()
            pool.link(link)
        synchronise(naming.data_dir)
    remove_tree(former)


def _refuse_others(pool: Pool, team: str) -> None:
    """Refuse to give the copy its name where a program has written meanwhile.

    Raises:
        Conflict: it has; the former folder and the copy are kept.
    """
    if has_files(pool.files):
        raise Conflict(
            f"The files of team {team} are copied to {_draft(pool)}, and there are others in "
            f"{pool.files}.",
            f"Put what you need of them into {_draft(pool)}, and empty {pool.files}: the server "
            "then finishes the move.",
        )


def _draft(pool: Pool) -> Path:
    return pool.folder / "files.new"


def _former(naming: Naming, team: str) -> Path:
    folder = naming.team_folder(team)
    return folder.with_name(f"{folder.name}.former")
