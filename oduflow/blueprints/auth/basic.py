"""Password sign-in: HTTP Basic, user `admin`, password = a team's `ui_password` (RFC 7617)."""

import hmac
from collections.abc import Callable
from typing import cast

from flask import request
from flask_httpauth import HTTPBasicAuth  # type: ignore[import-untyped]

from oduflow.blueprints.audit import record
from oduflow.blueprints.auth.bearer import authenticate_grant, authenticate_sender
from oduflow.blueprints.auth.csrf import refuse_cross_site
from oduflow.blueprints.auth.rate_limits import compare_credential
from oduflow.blueprints.auth.requests import (
    NotSignedIn,
    anonymous,
    is_direct_and_local,
    wants_page,
)
from oduflow.blueprints.auth.secret_digests import SecretDigests, digest
from oduflow.blueprints.context import context
from oduflow.blueprints.teams import teams_at
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Kind

USER = "admin"
REALM = "Oduflow"

_http = HTTPBasicAuth(realm=REALM)


def authenticate_basic() -> Actor:
    """Return the caller of the dashboard or of REST.

    Raises:
        Forbidden: another site's page made a browser send this.
        NotSignedIn: a credential is needed and missing, or wrong.
        RateLimited: there were too many wrong ones.
    """
    refuse_cross_site()
    presented = request.headers.get("Authorization")
    if presented is None:
        actor = anonymous(context().settings, lambda team: team.ui_password)
        message = "This needs a user and a password."
        # A browser sends its first request without a credential, to be asked for one.
        if actor is None and not wants_page():
            record("sign_in", None, Kind.UNAUTHENTICATED, {"credential": "none"})
    else:
        actor = compare_credential("basic", _verified, presented=presented)
        message = "The user or the password is wrong."
    if actor is None:
        raise NotSignedIn(
            message,
            f"HTTP Basic: user {USER}, password = the team's ui_password of oduflow.toml.",
            challenge=_http.authenticate_header(),
        )
    return actor


def authenticate_rest() -> Actor:
    """Return the caller of REST, by HTTP Basic or by the Bearer token of a grant.

    Raises:
        Forbidden: another site's page made a browser send this.
        NotSignedIn: a credential is needed and missing, or wrong.
    """
    return _basic_or(authenticate_grant)


def authenticate_upload() -> Actor:
    """Return the caller that sends a part of an upload: over REST, or beside MCP.

    Raises:
        Forbidden: another site's page made a browser send this.
        NotSignedIn: a credential is needed and missing, or wrong.
    """
    return _basic_or(authenticate_sender)


def require_local_or_basic() -> None:
    """Let in programs on this machine without a credential, such as a monitoring agent.

    Raises:
        NotSignedIn: the caller is elsewhere, or presents a credential, and it is not a right one.
    """
    pool = context().settings.server.subnet_pool
    if "Authorization" in request.headers or not is_direct_and_local(request.environ, pool):
        authenticate_basic()


def _basic_or(authenticate_bearer: Callable[[], Actor]) -> Actor:
    scheme = request.headers.get("Authorization", "").partition(" ")[0]
    if scheme.lower() != "bearer":
        return authenticate_basic()
    refuse_cross_site()
    return authenticate_bearer()


def _verified() -> Actor | None:
    return cast("Actor | None", _http.authenticate(_http.get_auth(), None))


@_http.verify_password  # type: ignore[untyped-decorator]
def verify(user: str | None, password: str | None) -> Actor | None:
    """Return the password's owner; a wrong user takes the same time as a wrong password."""
    settings = context().settings
    secrets = SecretDigests({team.id: team.ui_password for team in settings.teams.values()})
    team = secrets.team_of(password or "")
    is_admin = hmac.compare_digest(digest(user or ""), digest(USER))
    meant = {team.id for team in teams_at(settings.teams, request.headers["Host"])}
    return Actor(team, ActorKind.BASIC, USER) if is_admin and team in meant else None
