"""Refuse a part of an upload that could not be kept."""

from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.store import Facts
from oduflow.services.deps import Deps
from oduflow.services.move_journal import refuse_during_move
from oduflow.services.room import refuse_full_disk, require_disk, require_room_to_run


def make_room_for_part(deps: Deps, team: str) -> None:
    """Refuse a part for which there is no room; the caller holds no lock.

    Raises:
        QuotaReached: too little is free on the server's disk, or on the team's own.
    """
    require_disk(deps, team)
    require_room_to_run(deps, team)


def require_uploads(pools: Pools, facts: Facts, team: str) -> None:
    """Refuse to write to a team's uploads; the caller holds the lock of one, which a move needs.

    Raises:
        Busy: the team's files are being moved, and what was copied already would lack the part.
        QuotaReached: the part would take what the team's PostgreSQL needs to start.
        UpstreamFailed: the team's file system is not mounted.
    """
    refuse_during_move(facts, team)
    pools.require(team)
    refuse_full_disk(pools, team)
