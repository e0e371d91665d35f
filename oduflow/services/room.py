"""Refuse work whose files would not fit, before it begins.

Every check gives up warm slots before it refuses (`relieved`), and its caller removes nothing else
before that.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from oduflow.adapters.pool.pool import Pool
from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.store import Sizes
from oduflow.domain.counting import binary_size
from oduflow.domain.errors import NoRoom, QuotaReached
from oduflow.domain.plan import TemplatePlan
from oduflow.services.deps import Deps
from oduflow.services.server.infrastructure import Infrastructure
from oduflow.services.team_disk import cluster_folder, left_of_team, refuse_beyond_team
from oduflow.settings import Settings

CLONE_BYTES = 32 << 20  # what a clone of shared blocks writes itself; 4 to 16 MB were measured

NEW_ODOO_BYTES = 64 << 20  # what a database with base and web, and its assets, take at least

START_BYTES = 128 << 20  # twice PostgreSQL's reserve, which is kept first

GROW_BEFORE = 1 << 30  # bytes that work of unknown size may write between two questions

T = TypeVar("T")


def relieved(deps: Deps, team: str, check: Callable[[], T]) -> T:
    """Return what a check returns; when it refuses, give up warm slots and ask again.

    Raises:
        QuotaReached: the check refuses without the slots too, or they would make too little room.
    """
    try:
        return check()
    except QuotaReached as full:
        if not deps.give_up_slots(deps, team, full):
            raise
        return check()


def require_infrastructure(deps: Deps, team: str, on_progress: Callable[[str], None]) -> None:
    """Refuse to create an environment or a template; see `Infrastructure.require`.

    Raises:
        Failure: disk, pool, isolation or the database do not allow it.
    """
    relieved(deps, team, partial(deps.infrastructure.require, team, on_progress))


def require_disk(deps: Deps, team: str) -> None:
    """Refuse to write below the data folder when too little of its disk is free.

    Raises:
        NoRoom: too little is free.
    """
    relieved(deps, team, deps.infrastructure.disk.require)


def require_room_in_pool(deps: Deps, team: str, what: str, needed: int) -> None:
    """Refuse to copy a team's volumes into a pool that they would not fit into.

    Raises:
        NoRoom: they do not; the message has the numbers.
    """
    pool = deps.infrastructure.pools.of(team)

    def check() -> None:
        free = pool.space.make(needed)
        _refuse_beyond(free, needed, what, "in the pool", pool.more_space, pool.folder)

    relieved(deps, team, check)


def require_room(
    deps: Deps,
    team: str,
    what: str,
    *,
    database: int = 0,
    filestore: int = 0,
    filestore_in: Path | None = None,
    staging: int = 0,
    for_slot: bool = False,
) -> None:
    """Refuse work whose files would not fit; the pool is grown for it if it can.

    What a full disk still needs for PostgreSQL, the store and deletions counts as taken.

    Args:
        deps: the product's parts.
        team: whose files they are.
        what: the subject of the refusal, such as `Importing backup.zip` or `A snapshot of demo`.
        database: bytes that the team's PostgreSQL will write. What a clone shares is not written:
            count `CLONE_BYTES` for it.
        filestore: bytes of a filestore.
        filestore_in: the mountpoint of the volume that they are written to; None for a new one.
        staging: bytes below the team's folder, such as checkouts.
        for_slot: whether a warm slot is made: no other is given up for it, and nothing counts for
            the team until the next measurement, because the creation that takes the slot does.

    Raises:
        NoRoom: they do not fit, or not into what the team may fill; the message has the numbers.
    """
    wanted = _Wanted(database, filestore, filestore_in, staging)
    if for_slot:
        _require(deps, team, what, wanted, claimed=False)
        return
    relieved(deps, team, lambda: _require(deps, team, what, wanted, claimed=False))
    count_written(deps.store.sizes, deps.settings, team, wanted.all)  # before it is measured


def require_claimed_room(
    deps: Deps, team: str, what: str, *, database: int = 0, filestore: int = 0, staging: int = 0
) -> None:
    """Refuse an import or upload whose files cannot fit, by the sizes that are said of them.

    Nothing is grown or counted for them: the pool never shrinks, and they may be lies. The work
    asks `room_left` while it writes.

    Args:
        deps: the product's parts.
        team: whose import it is.
        what: the subject of the refusal.
        database: bytes that the team's PostgreSQL would write at least.
        filestore: bytes of the filestore, which gets a new volume.
        staging: bytes below the data folder.

    Raises:
        NoRoom: they do not fit, or not into what the team may fill; the message has the numbers.
    """
    wanted = _Wanted(database, filestore, staging=staging)
    relieved(deps, team, lambda: _require(deps, team, what, wanted, claimed=True))


def doubt_of_room(deps: Deps, team: str, what: str, *, database: int, filestore: int) -> str:
    """Return why an import would not fit by an estimate of its sizes; empty if it would.

    No warm slot is given up for an estimate; the arguments are those of `require_claimed_room`.
    """
    try:
        _require(deps, team, what, _Wanted(database, filestore), claimed=True)
    except QuotaReached as full:
        return full.message
    return ""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Bytes that are to be written, as in `require_room`."""

    database: int
    filestore: int
    filestore_in: Path | None = None
    staging: int = 0

    @property
    def all(self) -> int:
        return self.database + self.filestore + self.staging


def _require(deps: Deps, team: str, what: str, wanted: _Wanted, *, claimed: bool) -> None:
    refuse_beyond_team(deps, team, what, wanted.all)
    _require_on_disk(deps, team, what, wanted, claimed=claimed)


def _require_on_disk(deps: Deps, team: str, what: str, wanted: _Wanted, *, claimed: bool) -> None:
    pools, disk = deps.infrastructure.pools, deps.infrastructure.disk
    data_dir, in_docker = deps.naming.data_dir, wanted.database + wanted.filestore
    cluster, pooled = None, _Pooled()
    if in_docker:
        cluster = cluster_folder(deps.naming, deps.engine.volumes, team)
        pooled.add(_pool_with(pools, team, cluster), wanted.database)
        pooled.add(_pool_with(pools, team, wanted.filestore_in), wanted.filestore)
    outside = in_docker - pooled.all
    pooled.add(pools.holding(deps.naming.team_folder(team)), wanted.staging)
    staging = wanted.all - outside - pooled.all
    for pool, needed in pooled.needed.items():
        free = pool.space.most(needed) if claimed else pool.space.make(needed)
        _refuse_beyond(free, needed, what, "in the pool", pool.more_space, pool.folder)
    docker = _outside(deps, team, cluster, wanted.filestore_in) if outside else data_dir
    if outside and staging and same_disk(docker, data_dir):
        outside, staging = 0, outside + staging
    for needed, folder, where in (
        (outside, docker, "on the disk of Docker's volumes"),
        (staging, data_dir, "on the data folder's disk"),
    ):
        if needed:
            free = max(0, disk.of(folder).free() - disk.minimum)
            hint = "Delete environments or free disk space."
            _refuse_beyond(free, needed, what, where, hint, folder)


@dataclass(frozen=True, slots=True)
class _Pooled:
    """Bytes that are to be written into pools."""

    needed: dict[Pool, int] = field(default_factory=dict)

    @property
    def all(self) -> int:
        return sum(self.needed.values())

    def add(self, pool: Pool | None, size: int) -> None:
        """Add bytes for a pool; those that are for none are left out."""
        if pool is not None and size:
            self.needed[pool] = self.needed.get(pool, 0) + size


def _pool_with(pools: Pools, team: str, folder: Path | None) -> Pool | None:
    """Return the pool that holds a volume's folder, or a new volume; None where none does."""
    if folder is not None:
        return pools.holding(folder)
    new = pools.of(team)
    return new if new.takes_new else None


def same_disk(one: Path, other: Path) -> bool:
    """Whether two folders are on one file system."""
    return one.stat().st_dev == other.stat().st_dev


def _outside(deps: Deps, team: str, *folders: Path | None) -> Path:
    """Return a folder on the disk of Docker's volumes: of those given, or of the team's others."""
    pools, volumes = deps.infrastructure.pools, deps.engine.volumes
    label = {deps.naming.label("team"): team}
    others = (each.mountpoint for each in volumes.list(label) if each.kept_by_engine)
    for folder in (*folders, *others):
        if folder is not None and pools.holding(folder) is None:
            return folder
    return deps.naming.data_dir


def room_left(deps: Deps, folder: Path, *, team: str = "") -> int:
    """Return how many more bytes may be written to a volume; the pool is grown before it is full.

    For work that cannot know its size before, which asks again while it writes.

    Args:
        deps: the product's parts.
        folder: the volume's mountpoint.
        team: the team that may fill no more than its `disk_gb`; empty for work that makes nothing
            new. What it has written is to be counted with `count_written`.

    Raises:
        NoRoom: nothing more may be written.
    """
    return relieved(deps, team, lambda: _room_left(deps, folder, team))


def _room_left(deps: Deps, folder: Path, team: str) -> int:
    pool, disk = deps.infrastructure.pools.holding(folder), deps.infrastructure.disk
    if pool is not None:
        where, left = "in the pool", pool.space.make(min(GROW_BEFORE, pool.space.most(GROW_BEFORE)))
        numbers = f": {binary_size(max(0, left))} are free"
        hint, more = pool.more_space, pool.space.growth
    else:
        where, free = "on the disk of Docker's volumes", disk.of(folder).free()
        left = free - disk.minimum
        numbers = f": {binary_size(free)} are free, and {binary_size(disk.minimum)} must stay free"
        hint, more = "Delete environments or free disk space.", 0
    if left <= 0:
        message = f"There is no room left {where} for more data{numbers}."
        raise NoRoom(message, hint, missing=1 - left, disk=folder)
    return min(left + more, left_of_team(deps, team)) if team else left + more


def left_for_files(infrastructure: Infrastructure, team: str) -> int:
    """Return how many bytes of uploads and downloads may be written to the team's folder."""
    disk, pools = infrastructure.disk, infrastructure.pools
    pool = pools.holding(pools.naming.team_folder(team))
    return disk.free() - disk.minimum if pool is None else pool.space.most(0)


def require_room_to_run(deps: Deps, team: str) -> None:
    """Refuse to run something that would take what PostgreSQL keeps for its own start.

    Raises:
        NoRoom: the team's own disk is full.
    """
    relieved(deps, team, partial(refuse_full_disk, deps.infrastructure.pools, team))


def refuse_full_disk(pools: Pools, team: str) -> None:
    """Refuse as `require_room_to_run`, and give up no slots.

    Raises:
        NoRoom: the team's own disk is full.
    """
    pool = pools.of(team)
    if not (pool.own and pool.image.mounted):
        return
    free = pool.space.free
    missing = START_BYTES - free - pool.space.growth
    if missing > 0:
        raise NoRoom(
            f"The team's disk is full: {binary_size(free)} are free of "
            f"{binary_size(pool.space.total)}.",
            "Delete an environment, a snapshot or a template, then call again.",
            missing=missing,
            disk=pool.folder,
        )


def count_written(sizes: Sizes, settings: Settings, team: str, size: int) -> None:
    """Count bytes that a team has written until its next measurement, which finds them."""
    if settings.teams[team].disk_gb:
        sizes.add(team, size)


def count_for(sizes: Sizes, settings: Settings, team: str, id_: str, size: int) -> None:
    """Note what `require_room` counted for a thing: it no longer counts when that is removed.

    Args:
        sizes: the sizes in the store.
        settings: of the team, which may have no limit.
        team: the team.
        id_: of what is made.
        size: the bytes.
    """
    if settings.teams[team].disk_gb:
        sizes.count_for(team, id_, size)


def require_room_for_clone(deps: Deps, plan: TemplatePlan, *, for_slot: bool = False) -> None:
    """Refuse to clone a template whose files would not fit; see `require_room`.

    Raises:
        QuotaReached: they do not fit; the message has the numbers.
    """
    server = deps.infrastructure.databases.servers[plan.team]
    database = CLONE_BYTES
    if not server.shares_blocks():
        database += deps.postgres.cluster(plan.team).database_size(plan.database)
    what = f"An environment of template {plan.name}"
    require_room(deps, plan.team, what, database=database, for_slot=for_slot)


def require_room_of_team(deps: Deps, team: str, what: str, needed: int) -> None:
    """Refuse work of a team that would fill more of the disk than it may.

    Args:
        deps: the product's parts.
        team: the team.
        what: the subject of the refusal.
        needed: bytes that the work will write.

    Raises:
        NoRoom: it would; the message has the numbers.
    """
    relieved(deps, team, lambda: refuse_beyond_team(deps, team, what, needed))


def _refuse_beyond(free: int, needed: int, what: str, where: str, hint: str, disk: Path) -> None:
    if needed > free:
        raise NoRoom(
            f"{what} needs {binary_size(needed)}, and {binary_size(free)} are free {where}.",
            hint,
            missing=needed - free,
            disk=disk,
        )
