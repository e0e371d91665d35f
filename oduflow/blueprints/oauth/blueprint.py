"""The blueprint of the OAuth server, and what its routes need: settings, stores, answers.

It redirects only to a registered redirect URI. Errors found before that check are shown on a page
(OAuth 2.1, 4.1.2.1), and errors found before the person answered mostly too (see `authorize`).
"""

import logging
from collections.abc import Mapping
from typing import NoReturn, cast
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Flask, Request, Response, abort, current_app, request
from flask.blueprints import BlueprintSetupState
from flask.sessions import SecureCookieSession, SessionInterface
from werkzeug.exceptions import BadRequest

from oduflow.blueprints.context import context
from oduflow.blueprints.oauth.ports import OAuthStores
from oduflow.domain.addresses import client_network
from oduflow.domain.oauth import joinable, teams_of
from oduflow.settings import ServerSettings

FACE = "oauth"
EXTENSION = "oduflow.oauth"
BEGIN_AGAIN = "Start again in your MCP client."

blueprint = Blueprint(FACE, __name__)

# Each of these libraries logs secrets at DEBUG.
for _library in ("authlib", "flask_dance", "oauthlib", "requests_oauthlib"):
    logging.getLogger(_library).setLevel(logging.INFO)

_ROUTES = frozenset({"/authorize", "/consent", "/token", "/revoke", "/register"})
_FOLDERS = ("/auth/", "/.well-known/oauth-")


@blueprint.before_app_request
def refuse_while_off() -> None:
    """Answer 404 for every path of the OAuth server while OAuth is off, for every method.

    The configuration may change while the server runs, so the routes are always registered.
    """
    ours = request.path in _ROUTES or request.path.startswith(_FOLDERS)
    if ours and not context().settings.server.oauth_enabled:
        abort(404)


class RequestSession(SessionInterface):
    """Flask's session without a cookie: libraries' values in it end with the request."""

    def open_session(self, _app: Flask, _request: Request) -> SecureCookieSession:
        """Return an empty session."""
        return SecureCookieSession()

    def save_session(self, _app: Flask, _session: object, _response: Response) -> None:
        """Do nothing: the session is not kept."""


@blueprint.record
def _set_session_interface(state: BlueprintSetupState) -> None:
    cast("Flask", state.app).session_interface = RequestSession()


def server_settings() -> ServerSettings:
    """Return the current `[server]` section."""
    return context().settings.server


def base_url() -> str:
    """Return the server's public URL, from the configuration and never from the request."""
    return server_settings().oauth_base_url


def stores() -> OAuthStores:
    """Return the stores of the OAuth server."""
    return cast("OAuthStores", current_app.extensions[EXTENSION])


def current_teams(login: str) -> tuple[str, ...]:
    """Return the teams that list a GitHub login at this moment."""
    return teams_of(login, _users())


def environment_id(team: str, name: str) -> str | None:
    """Return the id of a team's environment by its name, or None."""
    return context().runner.environment_id(team, name)


def single_team_name() -> str:
    """Return the name of the only team with GitHub users, or an empty text if there are several."""
    teams = joinable(_users())
    return team_name(teams[0]) if len(teams) == 1 else ""


def counted_address() -> str:
    """Return the address by which registrations and sign-ins are limited.

    For IPv6 it is the /64 network, which one customer has; the store limits the /48 as well.
    """
    try:
        return client_network(request.remote_addr or "")
    except ValueError:
        return ""


def team_name(team: str) -> str:
    """Return a team's display name."""
    return context().settings.teams[team].name or team


def _users() -> Mapping[str, tuple[str, ...]]:
    return {team.id: team.github_users for team in context().settings.teams.values()}


class InvalidTarget(OAuth2Error):  # type: ignore[misc]
    """The requested resource belongs to another server (RFC 8707, 2)."""

    error = "invalid_target"
    description = "The resource is not served here."


def refuse(reason: str) -> NoReturn:
    """Answer with an error page, without a redirect.

    Raises:
        BadRequest: always.
    """
    raise BadRequest(f"{reason} {BEGIN_AGAIN}")


def redirect_back(redirect_uri: str, **params: str | None) -> Response:
    """Redirect to the client; the arguments are those of `client_url`."""
    return see_other(client_url(redirect_uri, **params))


def client_url(redirect_uri: str, **params: str | None) -> str:
    """Return the URL at the client, with this server's `iss` (RFC 9207, 2).

    The client registered the redirect URI. A parameter that is None is left out of the query.
    """
    given = {name: value for name, value in params.items() if value is not None}
    query = urlencode({**given, "iss": base_url()})
    joint = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{joint}{query}"


def see_other(location: str) -> Response:
    """Redirect with 303, without a Referer and without caching."""
    headers = {
        "Location": location,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return Response(status=303, headers=headers)
