"""Callers without any credential, where a team runs without authentication."""

from collections.abc import Callable

from flask import request

from oduflow.blueprints.auth.hosts import teams_at
from oduflow.blueprints.auth.peers import is_direct_and_local
from oduflow.domain.access import Actor, ActorKind
from oduflow.settings import Settings, TeamSettings


def anonymous(settings: Settings, secret: Callable[[TeamSettings], str]) -> Actor | None:
    """Return who asks without a credential, or None where a credential is needed.

    Only a program on this machine may, and only where exactly one team can be meant and that
    team's secret is empty.

    Args:
        settings: the configuration.
        secret: the secret that guards the face.
    """
    teams = teams_at(settings.teams, request.headers["Host"])
    if len(teams) != 1 or secret(teams[0]):
        return None
    if not is_direct_and_local(request.environ, settings.server.subnet_pool):
        return None
    return Actor(teams[0].id, ActorKind.ANONYMOUS, "anonymous")
