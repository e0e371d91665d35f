"""HTTP Basic: the dashboard and REST, user `admin`, a team's `ui_password` (RFC 7617)."""

import hmac
from typing import cast

from flask import request
from flask_httpauth import HTTPBasicAuth  # type: ignore[import-untyped]

from oduflow.blueprints.auth.anonymous import anonymous
from oduflow.blueprints.auth.attempts import attempt
from oduflow.blueprints.auth.bearer import authenticate_grant
from oduflow.blueprints.auth.failures import NotSignedIn
from oduflow.blueprints.auth.hosts import teams_at
from oduflow.blueprints.auth.origins import refuse_cross_site
from oduflow.blueprints.auth.secret_digests import SecretDigests, digest
from oduflow.blueprints.context import context
from oduflow.blueprints.trail import remember
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Kind
from oduflow.settings import TeamSettings

USER = "admin"
REALM = "Oduflow"

_http = HTTPBasicAuth(realm=REALM)


def authenticate_basic() -> Actor:
    """Return who asks on the dashboard or over REST.

    Raises:
        Forbidden: a foreign page made a browser send this.
        NotSignedIn: there is no credential where one is needed, or a wrong one.
        RateLimited: there were too many wrong ones.
    """
    refuse_cross_site()
    presented = request.headers.get("Authorization")
    if presented is None:
        actor = anonymous(context().settings, _password)
        message = "This needs a user and a password."
        if actor is None:
            remember("sign_in", None, Kind.UNAUTHENTICATED, {"credential": "none"})
    else:
        actor = attempt("basic", _compared, presented=presented)
        message = "The user or the password is wrong."
    if actor is None:
        raise NotSignedIn(
            message,
            f"HTTP Basic: user {USER}, password = the team's ui_password of oduflow.toml.",
            challenge=_http.authenticate_header(),
        )
    return actor


def authenticate_rest() -> Actor:
    """Return who asks over REST: HTTP Basic, or the Bearer token of a grant made for it.

    Raises:
        Forbidden: a foreign page made a browser send this.
        NotSignedIn: there is no credential where one is needed, or a wrong one.
    """
    scheme = request.headers.get("Authorization", "").partition(" ")[0]
    if scheme.lower() != "bearer":
        return authenticate_basic()
    refuse_cross_site()
    return authenticate_grant()


def _compared() -> Actor | None:
    return cast("Actor | None", _http.authenticate(_http.get_auth(), None))


@_http.verify_password  # type: ignore[untyped-decorator]
def verify(user: str | None, password: str | None) -> Actor | None:
    """Return who has that password; a wrong user name costs the same time as a wrong password."""
    settings = context().settings
    secrets = SecretDigests({team.id: team.ui_password for team in settings.teams.values()})
    team = secrets.team_of(password or "")
    is_admin = hmac.compare_digest(digest(user or ""), digest(USER))
    meant = {team.id for team in teams_at(settings.teams, request.headers["Host"])}
    return Actor(team, ActorKind.BASIC, USER) if is_admin and team in meant else None


def _password(team: TeamSettings) -> str:
    return team.ui_password
