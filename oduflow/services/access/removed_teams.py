"""Revoke the access of teams that are no longer configured.

Runs in each round of the reconcile loop, so within half a minute. If the team is configured again
later, its old grants and tokens stay invalid. An unreadable configuration file removes no team,
because the last valid configuration applies.
"""

from collections.abc import Set as AbstractSet
from datetime import timedelta

from oduflow.adapters.store import Grants, OAuthTokens
from oduflow.domain.clock import now

GRANTS_KEPT = timedelta(days=30)  # after they ended, so that people can read how


def revoke_removed_teams(grants: Grants, tokens: OAuthTokens, teams: AbstractSet[str]) -> None:
    """Delete grants and tokens of all teams but these, and grants that ended long ago."""
    grants.prune(teams, now() - GRANTS_KEPT)
    tokens.forget_others(teams)
