"""The limits of the teams' disks, and the thread that lets their file systems grow."""

import logging
import threading
from collections.abc import Mapping

from oduflow.adapters.pool.pools import Pools
from oduflow.domain.counting import binary_size
from oduflow.services.deps import Deps
from oduflow.services.room import disk_limit, filled_by, is_limited
from oduflow.settings import Settings

MEASURED = "measured every 10 minutes; what runs may exceed it"
LOOK_SECONDS = 1.0  # a team that writes 700 MB a second is not stopped before its limit

log = logging.getLogger(__name__)


def disk_limits(settings: Settings) -> Mapping[str, int]:
    """Return how many bytes each configured team may fill, 0 for a share of the disk."""
    return {name: team.disk_gb << 30 for name, team in settings.teams.items()}


def disk_text(deps: Deps, team: str) -> str:
    """Say what a team fills and may fill; empty before it was measured for the first time."""
    filled, limit = (
        filled_by(deps.infrastructure, deps.store.sizes, team),
        disk_limit(deps.infrastructure, deps.settings, team),
    )
    if not filled:
        return ""
    told = f"{binary_size(filled)} of {binary_size(limit)}" if limit else binary_size(filled)
    return told if is_limited(deps.infrastructure, team) else f"{told} ({MEASURED})"


def keep_pools(pools: Pools, stop: threading.Event) -> None:
    """Let the teams' file systems grow before they are full, until the event is set."""
    while not stop.wait(LOOK_SECONDS):
        try:
            pools.keep()
        except Exception:
            log.exception("the teams' file systems could not be looked at")
            stop.wait(60 * LOOK_SECONDS)
