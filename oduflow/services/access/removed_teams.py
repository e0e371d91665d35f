"""Forget what let people and agents in to a team that the configuration does not name any more.

At each look of the keeper, so within half a minute: a team that comes back later, or another that
is given its id, finds none of it alive. A file that cannot be used removes nobody: what was in
force before it counts.
"""

from datetime import timedelta

from oduflow.domain.clock import now
from oduflow.services.deps import Deps

GRANTS_KEPT = timedelta(days=30)  # past their end, so that people see what became of them


def forget_removed_teams(deps: Deps) -> None:
    """Forget grants, codes and tokens of teams that are gone, and grants that ended long ago."""
    # Not `deps.settings`: for work in hand that still knows a team that was removed.
    teams = deps.live.current().teams
    deps.grants.prune(teams, now() - GRANTS_KEPT)
    deps.tokens.forget_others(teams)
