"""Mount the pools of teams without a server."""

from oduflow.adapters.pool.pools import Pools


def attach_all(pools: Pools) -> None:
    """Mount every image, one after the other; the server does so in threads."""
    pools.attach_shared()
    for team in pools.teams():
        pools.attach(team)
