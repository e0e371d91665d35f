"""Callers without a credential, for teams that run without authentication."""

from collections.abc import Callable

from flask import request

from oduflow.blueprints.auth.requests import is_direct_and_local
from oduflow.domain.access import Actor, ActorKind
from oduflow.settings import Settings, TeamSettings, teams_at


def anonymous(settings: Settings, secret: Callable[[TeamSettings], str]) -> Actor | None:
    """Return the anonymous actor, or None where a credential is needed.

    None is needed only for a program on this machine, and only where the Host means exactly one
    team and that team's secret is empty.

    Args:
        settings: the configuration.
        secret: returns the secret of a team that protects the face.
    """
    teams = teams_at(settings.teams, request.headers["Host"])
    if len(teams) != 1 or secret(teams[0]):
        return None
    if not is_direct_and_local(request.environ, settings.server.subnet_pool):
        return None
    return Actor(teams[0].id, ActorKind.ANONYMOUS, "anonymous")
