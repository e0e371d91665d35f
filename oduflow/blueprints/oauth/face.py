"""The OAuth server's blueprint: there only while OAuth is on."""

import logging
from collections.abc import Mapping
from typing import cast

from flask import Blueprint, abort, current_app, request

from oduflow.blueprints.context import context
from oduflow.blueprints.oauth.ports import OAuthParts
from oduflow.domain.addresses import client_network
from oduflow.domain.oauth import joinable, teams_of
from oduflow.settings import ServerSettings

FACE = "oauth"
EXTENSION = "oduflow.oauth"

blueprint = Blueprint(FACE, __name__)

# Each of these prints secrets at DEBUG.
for _library in ("authlib", "flask_dance", "oauthlib", "requests_oauthlib"):
    logging.getLogger(_library).setLevel(logging.INFO)

_ROUTES = frozenset({"/authorize", "/consent", "/token", "/revoke", "/register"})
_FOLDERS = ("/auth/", "/.well-known/oauth-")


@blueprint.before_app_request
def be_there_only_while_on() -> None:
    """Answer 404 for every path of ours while OAuth is off, whatever the method.

    The configuration may change while the server runs, so the routes are always made.
    """
    ours = request.path in _ROUTES or request.path.startswith(_FOLDERS)
    if ours and not context().settings.server.oauth_enabled:
        abort(404)


def server() -> ServerSettings:
    """Return `[server]` as it is now."""
    return context().settings.server


def base_url() -> str:
    """Return the URL that the server is known by: never taken from what a client says."""
    return server().oauth_base_url


def parts() -> OAuthParts:
    """Return what the OAuth server remembers."""
    return cast("OAuthParts", current_app.extensions[EXTENSION])


def teams_now(login: str) -> tuple[str, ...]:
    """Return the teams that a GitHub login may come in to at this moment."""
    return teams_of(login, _users())


def environment_id(team: str, name: str) -> str | None:
    """Return the id of a team's environment, or None where it has none of that name."""
    return context().runner.reach.environment(team, name)


def the_only_team() -> str:
    """Return the name of the one team that people come in to, empty when there are several."""
    teams = joinable(_users())
    return team_name(teams[0]) if len(teams) == 1 else ""


def counted_address() -> str:
    """Return what a stranger's registrations and sign-ins are counted by.

    One person is given a whole /64 of IPv6; the store counts the /48 around it as well.
    """
    try:
        return client_network(request.remote_addr or "")
    except ValueError:
        return ""


def team_name(team: str) -> str:
    """Return what people call a team."""
    return context().settings.teams[team].name or team


def _users() -> Mapping[str, tuple[str, ...]]:
    return {team.id: team.github_users for team in context().settings.teams.values()}
