"""Revoke the access of teams that are no longer configured.

Runs in each round of the reconcile loop, so within half a minute. A team that returns later, or
another that is given its id, finds no grant and no token valid. An unreadable configuration file
removes no team: the last valid one counts.
"""

from collections.abc import Set as AbstractSet
from datetime import timedelta

from oduflow.adapters.store import Grants, OAuthTokens
from oduflow.domain.clock import now

GRANTS_KEPT = timedelta(days=30)  # after their end, so that people see how they ended


def revoke_removed_teams(grants: Grants, tokens: OAuthTokens, teams: AbstractSet[str]) -> None:
    """Delete grants, codes and tokens of other teams than these, and grants that ended long ago."""
    grants.prune(teams, now() - GRANTS_KEPT)
    tokens.forget_others(teams)
