"""get_status."""

from collections import Counter

from oduflow import __version__
from oduflow.domain.access import Actor, Permission, Scope
from oduflow.domain.grant_rules import MOST_GRANTS
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.domain.status import ActorView, ServerStatus
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.view import visible_environments


def _quotas(deps: Deps, actor: Actor) -> dict[str, str]:
    """Return what the team has of its quotas; nothing for a caller of single environments."""
    if actor.environments is not None:
        return {}
    store, name, team = deps.store, actor.team, deps.settings.teams[actor.team]
    return {
        "environments": f"{len(store.environments.list(name))} of {team.max_environments}",
        "templates": f"{len(store.templates.list(name))} of {team.max_templates}",
        "extra_repos": f"{len(store.extra_repos.list(name))} of {team.max_extra_repos}",
        "grants": f"{len(store.grants.list(name))} of {MOST_GRANTS}",
    }


@operation(
    permission=Permission.SYSTEM_READ,
    effect=Effect.READ,
    scope=Scope.OWN,
    rest="GET /status",
)
def get_status(deps: Deps, call: Call, args: Nothing) -> Outcome[ServerStatus]:
    """Show who you are, the server's version, and your environments by state."""
    actor, rows = call.actor, visible_environments(deps.store.environments, call.actor)
    isolation, databases = deps.infrastructure.isolation, deps.infrastructure.databases
    shown = ServerStatus(
        actor=ActorView(
            team=actor.team,
            kind=actor.kind,
            subject=actor.subject,
            tiers=tuple(sorted(actor.tiers)),
            environments=None if actor.environments is None else tuple(row.name for row in rows),
        ),
        version=__version__,
        environments=dict(sorted(Counter(row.state for row in rows).items())),
        database=databases.problem(actor.team) or databases.warning(actor.team),
        reduced=None if isolation is None or isolation.ok else isolation.reason,
        clone=deps.infrastructure.pool.state().text,
        quotas=_quotas(deps, actor),
    )
    return Outcome(shown, f"Oduflow {__version__}; you are {actor} of team {actor.team}.")
