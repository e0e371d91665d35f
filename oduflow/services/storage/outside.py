"""Find the volumes that the pool does not hold, where clones are copied."""

from collections.abc import Mapping
from dataclasses import replace

from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.pool.report import state_of_all
from oduflow.domain.container import VolumeFacts
from oduflow.domain.counting import counted
from oduflow.domain.plan import Naming
from oduflow.domain.storage import CloneState
from oduflow.files.reflink import has_reflinks

COMMAND = "oduflow storage move"
_KINDS = ("database", "template", "environment")


def outside_pool(
    naming: Naming, volumes: Volumes, pools: Pools, team: str = ""
) -> Mapping[str, tuple[VolumeFacts, ...]]:
    """Return the volumes that Docker keeps although the pool takes new ones, by team.

    Args:
        naming: the instance's names.
        volumes: the engine's.
        pools: the pools.
        team: whose; empty for all.
    """
    found: dict[str, tuple[VolumeFacts, ...]] = {}
    for facts in volumes.list({naming.label("team"): team}):
        own = naming.own_labels(facts.labels)
        if own.get("kind") in _KINDS and _is_outside(pools, own["team"], facts):
            found[own["team"]] = (*found.get(own["team"], ()), facts)

    def order(facts: VolumeFacts) -> tuple[int, str]:
        return (_KINDS.index(naming.own_labels(facts.labels)["kind"]), facts.name)

    return {whose: tuple(sorted(each, key=order)) for whose, each in found.items()}


def _is_outside(pools: Pools, team: str, facts: VolumeFacts) -> bool:
    """Whether a volume has files that are not where the team's new ones are made."""
    pool = pools.of(team)
    if not pool.takes_new or pool.holds(facts.mountpoint):
        return False
    return facts.kept_by_engine or pools.shared.holds(facts.mountpoint)


def clone_state(naming: Naming, volumes: Volumes, pools: Pools, team: str = "") -> CloneState:
    """Say how environments of a team, or of all, are cloned, and what is outside the pool."""
    state = pools.of(team).state() if team else state_of_all(pools)
    if not state.reflink:
        return _with_sharing_clusters(naming, volumes, state, team)
    outside = [
        each for found in outside_pool(naming, volumes, pools, team).values() for each in found
    ]
    if not outside:
        return state
    kinds = [naming.own_labels(each.labels)["kind"] for each in outside]
    clusters = kinds.count("database")
    told = f"outside the pool: {counted(len(outside), 'volume')}"
    if team and clusters:
        told = "copy: the team's PostgreSQL is outside the pool"
    elif clusters:
        told += f", with the PostgreSQL of {counted(clusters, 'team')}, whose databases are copied"
    text = f"{told}; {state.text}" if team and clusters else f"{state.text}; {told}"
    return CloneState(
        reflink=not (team and clusters), text=text, hint=f"`{COMMAND}` moves them into the pool."
    )


def _with_sharing_clusters(
    naming: Naming, volumes: Volumes, state: CloneState, team: str
) -> CloneState:
    """Say also which databases share blocks although new volumes cannot.

    Databases are cloned within a cluster that exists: one in a pool that new volumes no longer go
    to, or in Docker's folder on a file system with reflinks.
    """
    listed = volumes.list({naming.label("team"): team})
    sharing = [
        facts
        for facts in listed
        if naming.own_labels(facts.labels).get("kind") == "database"
        and has_reflinks(facts.mountpoint)
    ]
    if not sharing:
        return state
    if team:
        text = f"reflink: the team's PostgreSQL shares blocks; elsewhere {state.text}"
        return replace(state, reflink=True, text=text)
    told = f"the PostgreSQL of {counted(len(sharing), 'team')} shares blocks"
    return replace(state, text=f"{state.text.removesuffix('.')}; {told}")
