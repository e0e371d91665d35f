"""The limits of the teams' disks, and the thread that lets their file systems grow."""

import logging
import threading
from collections.abc import Mapping
from types import MappingProxyType

from oduflow.adapters.pool.pools import Pools
from oduflow.domain.connections import TEMPLATE_BUILDS
from oduflow.domain.container import LOG_BYTES
from oduflow.domain.counting import binary_size, counted
from oduflow.services.deps import Deps
from oduflow.services.team_disk import (
    disk_limit,
    earlier_containers,
    filled_by,
    has_own_disk,
    is_limited,
)
from oduflow.settings import Settings

MEASURED = "measured every 10 minutes; what runs may exceed it"
_OF_ENVIRONMENT = 2  # its own container, and one for installations or tests
_NONE: Mapping[str, int] = MappingProxyType({})
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
    if is_limited(deps.infrastructure, team):
        return told
    if has_own_disk(deps.infrastructure, team):
        if earlier := earlier_containers(deps.infrastructure, team):
            made = f"{counted(len(earlier), 'container')} of an earlier version"
            return f"{told} ({made} may exceed it, until stopped and started)"
        size = deps.infrastructure.pools.images.of(team).size
        return f"{told} (its file system has {binary_size(size)} and does not shrink)"
    return f"{told} ({MEASURED})"


def log_bytes(settings: Settings, existing: Mapping[str, int] = _NONE) -> int:
    """Return how many bytes the logs of all teams' containers may take on the server's disk.

    Args:
        settings: the current configuration.
        existing: the number of each team's environments, also of teams that are not configured
            any more, and of those whose `max_environments` was lowered.
    """
    containers = 0
    for name in settings.teams.keys() | existing.keys():
        team, environments = settings.teams.get(name), existing.get(name, 0)
        if team is not None:
            environments = max(environments, team.max_environments)
            containers += team.warm_slots + TEMPLATE_BUILDS
        containers += _OF_ENVIRONMENT * environments + 1  # PostgreSQL
    return containers * LOG_BYTES


def keep_pools(pools: Pools, stop: threading.Event) -> None:
    """Let the teams' file systems grow before they are full, until the event is set.

    Each team has a thread of its own: one whose file system is slow to grow holds up no other.
    """
    threads: dict[str, threading.Thread] = {}
    while not stop.wait(LOOK_SECONDS):
        try:
            teams = pools.images.made()
        except OSError:
            log.exception("the teams' file systems could not be listed")
            continue
        for team in teams:
            if team not in threads or not threads[team].is_alive():
                threads[team] = threading.Thread(
                    target=_keep_pool, args=(pools, team, stop), name=f"pool-{team}", daemon=True
                )
                threads[team].start()
    for thread in threads.values():
        thread.join()


def _keep_pool(pools: Pools, team: str, stop: threading.Event) -> None:
    """Let one team's file system grow, as long as it has one."""
    while not stop.is_set() and team in pools.images.made():
        try:
            pools.keep(team)
        except Exception:
            log.exception("the file system of team %s could not be looked at", team)
            stop.wait(60 * LOOK_SECONDS)
        stop.wait(LOOK_SECONDS)
