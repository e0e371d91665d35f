"""How a sign-in ends: with a code, with a no, or at the door."""

from flask import Response
from werkzeug.datastructures import MultiDict

from oduflow.blueprints.audit import record
from oduflow.blueprints.oauth.clients import agreed_client
from oduflow.blueprints.oauth.errors import redirect_back, refuse
from oduflow.blueprints.oauth.face import environment_id, parts
from oduflow.blueprints.oauth.pages import OVER
from oduflow.blueprints.oauth.server import Asked, agree_on, authorization
from oduflow.blueprints.oauth.trail import SIGN_IN, person
from oduflow.domain.errors import Forbidden, Kind
from oduflow.domain.names import new_id
from oduflow.domain.oauth import SCOPE, Bearing, Login, Transaction, environment_at

ACCESS_DENIED = "Access Denied"


def end_with(seen: Transaction, error: str) -> Response:
    """Send the person back to the client without a code (OAuth 2.1, 4.1.2.1).

    Raises:
        BadRequest: the sign-in is over already.
    """
    _take(seen)
    record(SIGN_IN, person(seen.login), Kind.CANCELLED, _fields(seen) | {"error": error})
    return redirect_back(seen.redirect_uri, error=error, state=seen.request.get("state"))


def turn_away(seen: Transaction, login: Login, hint: str) -> Forbidden:
    """End the sign-in of somebody who may not come in; the client learns nothing of them."""
    parts().transactions.take(seen)
    record(SIGN_IN, person(login), Kind.FORBIDDEN, _fields(seen))
    return Forbidden(ACCESS_DENIED, hint)


def finish(seen: Transaction, login: Login, team: str) -> Response:
    """Give the client a code for a person and a team.

    Raises:
        BadRequest: the sign-in is over already, or the client is gone.
        Forbidden: the login belongs to another GitHub account than the one that came first.
    """
    if not parts().logins.bind(login):
        raise turn_away(
            seen,
            login,
            "Another GitHub account had this name when it first signed in. If the name changed "
            "hands on purpose, run on the server: "
            f"oduflow call --team {team} forget_github_login {login.name}",
        )
    _take(seen)
    client = agreed_client(seen.client_id, seen.client_name, seen.redirect_uri)
    if client is None:
        refuse("This server does not know the client any more.")
    agree_on(client)
    asked = Asked("GET", MultiDict(seen.request))
    environment = environment_at(seen.resource, team, environment_id)
    answer = authorization.create_authorization_response(
        asked,
        grant_user=Bearing(
            new_id(), seen.client_id, team, login, SCOPE, seen.resource, environment
        ),
        grant=authorization.get_authorization_grant(asked),
    )
    if answer.location is None:
        refuse("The client changed while you signed in.")
    record(SIGN_IN, person(login, team), "ok", _fields(seen))
    return redirect_back(answer.location)


def _take(seen: Transaction) -> None:
    if not parts().transactions.take(seen):
        refuse(OVER)


def _fields(seen: Transaction) -> dict[str, str]:
    return {"client": seen.client_id, "resource": seen.resource}
