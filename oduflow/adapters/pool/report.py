"""What the pools of all teams are told to be, in one line."""

from oduflow.adapters.pool.pool import copied
from oduflow.adapters.pool.pools import Pools
from oduflow.domain.counting import binary_size, counted
from oduflow.domain.storage import CloneState


def state_of_all(pools: Pools) -> CloneState:
    """Find out how environments of all teams are cloned, and why."""
    if not pools.limited:
        return pools.shared.state()
    limits = pools.limits
    teams = sorted(limits.configured())
    states = {team: pools.of(team).state() for team in teams}
    broken = [state for state in states.values() if not state.ok]
    if len(broken) == len(states):
        return broken[0] if broken else copied("no team is configured.")
    sharing = [team for team in teams if states[team].reflink]
    spaces = [pools.of(team).space for team in sharing]
    sizes = (
        f"{counted(len(sharing), 'pool')} of teams, "
        f"{binary_size(sum(space.total for space in spaces))}, "
        f"{binary_size(sum(space.free for space in spaces))} free"
    )
    text, hint = f"reflink ({sizes})", ""
    if broken:
        text += f"; {counted(len(broken), 'team')} cannot: {broken[0].text}"
        hint = broken[0].hint
    elif limits.promised > limits.capacity:
        text += (
            f"; disk_gb of the teams is {binary_size(limits.promised)} together, and the disk "
            f"has {binary_size(limits.capacity)} for them"
        )
        hint = "Lower disk_gb or give the disk more space: a team may get less than it has."
    return CloneState(reflink=True, text=text, hint=hint)
