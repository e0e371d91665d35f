"""Whether memory or disk are too short for warm slots, which are given up before all else."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from oduflow.domain.errors import Failure, NoRoom, QuotaReached
from oduflow.domain.warm_slot import WarmSlot
from oduflow.files.usage import size_on_disk
from oduflow.kernel.locks import LockKey
from oduflow.services.deps import Deps
from oduflow.services.environments.warm.remove import give_up, slot_plan
from oduflow.services.recoverable import of_one_team
from oduflow.services.room import CLONE_BYTES, same_disk
from oduflow.services.team_disk import cluster_folder, disk_limit, filled_by

# One slot takes 67 MB; what is left has to serve the next environments' boots and page cache.
KEEP_ABOVE = 1 << 30
MAKE_ABOVE = 2 << 30
DISK_SHARE = 0.8  # of what a team may fill, from which it keeps no slots
DISK_MARGIN = 1.5  # times the least free disk
_MEMINFO = Path("/proc/meminfo")

WAIT_SECONDS = 5.0  # for a slot that is being made


def available_memory() -> int:
    """Return the bytes that programs may take without swapping (proc(5), MemAvailable)."""
    lines = dict(line.split(":", 1) for line in _MEMINFO.read_text("ascii").splitlines())
    return int(lines["MemAvailable"].split()[0]) << 10


def shortage(deps: Deps, team: str, memory: int, *, more: bool) -> str:
    """Say what is too short for the slots of a team; empty if nothing is.

    Args:
        deps: the product's parts.
        team: whose slots.
        memory: the bytes that are available.
        more: whether for one more slot, which takes more than to keep those that exist.
    """
    if memory < (MAKE_ABOVE if more else KEEP_ABOVE):
        return "memory"
    disk, pool = deps.infrastructure.disk, deps.infrastructure.pools.of(team)
    margin = 2 * DISK_MARGIN if more else DISK_MARGIN
    if disk.free() < margin * disk.minimum:
        return "disk"
    if pool.takes_new and pool.space.free + pool.space.growth < margin * disk.minimum:
        return "the pool"
    limit = disk_limit(deps.infrastructure, deps.settings, team)
    if limit and filled_by(deps.infrastructure, deps.store.sizes, team) > DISK_SHARE * limit:
        return "the team's disk"
    return ""


def give_up_slots(deps: Deps, team: str, full: QuotaReached) -> bool:
    """Give up warm slots after a refusal for room; return whether any was.

    Only as many are given up as make the room that is missing, the team's own first, and none if
    all together would not, or where the refusal has no numbers: slots make no subnet free, and
    start no PostgreSQL. Where the team may fill no more, those of others make no room for it.
    """
    slots = _that_make_room(deps, team, full) if isinstance(full, NoRoom) else ()
    return sum(give_up(deps, slot, wait=WAIT_SECONDS) for slot in slots) > 0


def _that_make_room(deps: Deps, team: str, full: NoRoom) -> Sequence[WarmSlot]:
    """Return the slots to give up.

    One of another team that is being made is none: its keeper does not stop for this team's call,
    which would wait in vain.
    """
    every = sorted(deps.store.warm_slots.all(), key=lambda slot: slot.team != team)
    chosen, freed = [], 0
    for slot in every:
        key = LockKey.warm_slot(slot.team, slot.id)
        if slot.team != team and (full.disk is None or not deps.work.locks.is_free(key)):
            continue
        most = 0
        with of_one_team(slot.team, f"warm slot {slot.id}"):
            most = _frees(deps, slot, full.disk)
        if most:
            chosen.append(slot)
            freed += most
            if freed >= full.missing:
                return chosen
    return ()


def _frees(deps: Deps, slot: WarmSlot, disk: Path | None) -> int:
    """Return the bytes that a slot's removal frees at most: on a disk, or of what its team fills.

    Of what its team fills, the removal subtracts only what was measured. While its team's
    PostgreSQL is stopped a slot stays (`remove_slot`).
    """
    server, plan = (
        deps.infrastructure.databases.servers.get(slot.team),
        slot_plan(deps.naming, slot),
    )
    if server is None or server.running() is None:
        return 0
    if disk is None:
        measured = deps.store.sizes.of(slot.team).get(slot.id)
        return 0 if measured is None else measured.own
    cluster, layers = (
        cluster_folder(deps.naming, deps.engine.volumes, slot.team),
        deps.engine.volumes.facts(plan.layers),
    )
    freed = 0
    if cluster is not None and same_disk(cluster, disk):
        freed += CLONE_BYTES
        if not server.shares_blocks():
            with suppress(Failure):  # as while it is being made
                freed += deps.postgres.cluster(slot.team).database_size(plan.database)
    if layers is not None and same_disk(layers.mountpoint, disk):
        freed += size_on_disk(layers.mountpoint)
    if same_disk(deps.naming.team_folder(slot.team), disk):
        freed += size_on_disk(plan.folder)
    return freed
