"""Make the pools of teams, and remove them."""

from oduflow.adapters.pool.image import ImageState
from oduflow.adapters.pool.pools import Pools, has_files
from oduflow.domain.errors import Conflict


def set_up(pools: Pools) -> tuple[str, ...]:
    """Make and mount a file system for each configured team that has none.

    Returns:
        The teams whose file system this call has made.

    Raises:
        Failure: this machine cannot have one, or one is gone; nothing is left of this call.
    """
    if pools.rules().clone == "copy":
        raise Conflict("[storage] clone is “copy”.", 'Set it to "auto" first.')
    teams, images = tuple(pools.limits.configured()), pools.images
    for team in teams:
        images.of(team).refuse_lost()
    missing = tuple(team for team in teams if images.of(team).state is ImageState.NEVER_MADE)
    if missing:
        pools.refuse_new(missing)
    pools.begin()
    made: list[str] = []
    try:
        for team in teams:
            if team in missing:
                made.append(team)
            pools.add(team)
    except BaseException:
        give_up(pools, made)
        raise
    return missing


def give_up(pools: Pools, teams: tuple[str, ...] | list[str]) -> None:
    """Remove the pools that a call has made, but those that are used already."""
    for team in teams:
        pool = pools.of(team)
        if not (pool.own and (pool.names() or has_files(pool.files))):
            remove_team(pools, team)
    _remove_folder(pools)


def remove_team(pools: Pools, team: str) -> None:
    """Remove a team's file system with all that is in it; a missing one is no error.

    The link to it is last, because a removal that was killed is found by it.

    Raises:
        UpstreamFailed: a program still uses a file in it.
    """
    if pools.limited:
        pools.of(team).destroy()
    link = pools.naming.team_folder(team)
    if link.is_symlink():
        link.unlink()


def give_up_shared(pools: Pools) -> bool:
    """Remove the image that all teams shared, once nothing is in it; return whether it was."""
    shared = pools.shared
    if not (pools.limited and shared.image.mounted) or shared.names() or shared.drafts():
        return False
    return shared.destroy()


def destroy(pools: Pools) -> bool:
    """Remove every pool with everything in it; return whether there was one.

    Raises:
        UpstreamFailed: a program still uses a file in one.
    """
    existed, naming = pools.limited, pools.naming
    for team in pools.images.made():
        remove_team(pools, team)
    # Also that of a team whose image could not be made, and the link that leads to it.
    prefix = naming.team_folder("").name
    for link in naming.data_dir.glob(f"{prefix}*"):
        if link.is_symlink():
            remove_team(pools, link.name.removeprefix(prefix))
    _remove_folder(pools)
    return pools.shared.destroy() or existed


def _remove_folder(pools: Pools) -> None:
    folder = pools.images.folder
    for draft in folder.glob("*.img.new"):
        draft.unlink()
    for left in folder.glob("*"):  # mount points of images that were not mounted
        if left.is_dir() and not any(left.iterdir()):
            left.rmdir()
    for each in (folder, pools.images.marks):
        if each.is_dir() and not any(each.iterdir()):
            each.rmdir()
