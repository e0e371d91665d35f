"""How much a team may fill, and what keeps it to that: the kernel, or a measurement."""

from pathlib import Path

from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.store import Sizes
from oduflow.domain.counting import binary_size
from oduflow.domain.errors import NoRoom
from oduflow.domain.plan import CONTAINER, Naming
from oduflow.domain.storage import WHOLE_TEAM
from oduflow.services.deps import Deps
from oduflow.services.server.database import KIND, SIZES, is_current
from oduflow.services.server.infrastructure import Infrastructure
from oduflow.settings import Settings

_UNLIMITED = 1 << 62
_LESS_OF_TEAM = "Delete environments, snapshots or templates, or raise disk_gb of the team."


def filled_by(infrastructure: Infrastructure, sizes: Sizes, team: str) -> int:
    """Return the bytes that a team fills; 0 before it was measured for the first time."""
    if has_own_disk(infrastructure, team):
        return infrastructure.pools.of(team).space.used
    measured = sizes.of(team).get(WHOLE_TEAM)
    return 0 if measured is None else measured.own


def disk_limit(infrastructure: Infrastructure, settings: Settings, team: str) -> int:
    """Return the bytes that a team may fill; 0 without a limit."""
    if has_own_disk(infrastructure, team):
        return infrastructure.pools.limits.of(team)
    return settings.teams[team].disk_gb << 30


def left_of_team(deps: Deps, team: str) -> int:
    """Return how many bytes more a team may fill.

    Raises:
        NoRoom: none.
    """
    filled, limit = (
        filled_by(deps.infrastructure, deps.store.sizes, team),
        disk_limit(deps.infrastructure, deps.settings, team),
    )
    if not limit:
        return _UNLIMITED
    if filled >= limit:
        raise NoRoom(
            f"The team fills {binary_size(filled)} of the {binary_size(limit)} that it may.",
            _LESS_OF_TEAM,
            missing=filled - limit + 1,
            disk=own_disk(deps.infrastructure, team),
        )
    return limit - filled


def refuse_beyond_team(deps: Deps, team: str, what: str, needed: int) -> None:
    """Refuse as `require_room_of_team`, and give up no slots: for a second look within a lock.

    Raises:
        NoRoom: it would fill too much; the message has the numbers.
    """
    filled, limit = (
        filled_by(deps.infrastructure, deps.store.sizes, team),
        disk_limit(deps.infrastructure, deps.settings, team),
    )
    if limit and filled + needed > limit:
        raise NoRoom(
            f"{what} needs {binary_size(needed)}, and the team fills {binary_size(filled)} "
            f"of the {binary_size(limit)} that it may.",
            _LESS_OF_TEAM,
            missing=filled + needed - limit,
            disk=own_disk(deps.infrastructure, team),
        )


def is_limited(infrastructure: Infrastructure, team: str) -> bool:
    """Whether the kernel keeps the team's limit.

    It does not where `disk_gb` was lowered below what the team's file system has already, which
    never shrinks, and while containers of an earlier version run.
    """
    pools = infrastructure.pools
    own = has_own_disk(infrastructure, team)
    if not own or pools.images.of(team).size > pools.limits.of(team):
        return False
    return not earlier_containers(infrastructure, team)


def earlier_containers(infrastructure: Infrastructure, team: str) -> tuple[str, ...]:
    """Return the running containers of a team that write outside its disk.

    An earlier version made them, with a root file system that can be written and longer logs. Each
    is made again when it starts next.
    """
    naming, found = infrastructure.naming, []
    for facts in infrastructure.databases.containers.list({naming.label("team"): team}):
        own = naming.own_labels(facts.labels)
        if own.get("kind") == KIND:
            current = is_current(own.get(SIZES, ""))
        else:
            current = own.get("kind") != "environment" or own.get("made") == CONTAINER
        if facts.status == "running" and not current:
            found.append(facts.name)
    return tuple(sorted(found))


def has_own_disk(infrastructure: Infrastructure, team: str) -> bool:
    """Whether all files of a team are in a pool of its own, whose size ends what it fills.

    Elsewhere what it fills is measured every few minutes, and what runs may write beyond `disk_gb`.
    """
    naming, pool = infrastructure.naming, infrastructure.pools.of(team)
    if not (pool.own and pool.readable and pool.holds(naming.team_folder(team))):
        return False
    cluster = cluster_folder(naming, infrastructure.databases.volumes, team)
    return cluster is None or pool.holds(cluster)


def own_disk(infrastructure: Infrastructure, team: str) -> Path | None:
    """Return the team's own disk, for refusals: what is removed there makes room at once."""
    pool = infrastructure.pools.of(team)
    return pool.folder if has_own_disk(infrastructure, team) else None


def cluster_folder(naming: Naming, volumes: Volumes, team: str) -> Path | None:
    """Return the mountpoint of the volume of a team's PostgreSQL; None while there is none."""
    facts = volumes.facts(naming.database_volume(team))
    return None if facts is None else facts.mountpoint
