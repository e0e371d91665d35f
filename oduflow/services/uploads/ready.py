"""Refuse a part of an upload that could not be kept."""

from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.store import Facts
from oduflow.services.move_journal import refuse_during_move
from oduflow.services.room import refuse_full_disk


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
