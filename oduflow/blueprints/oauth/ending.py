"""The end of a sign-in: with a code, without one, or with a refusal."""

from flask import Response
from werkzeug.datastructures import MultiDict

from oduflow.blueprints.audit import record
from oduflow.blueprints.oauth.blueprint import environment_id, stores
from oduflow.blueprints.oauth.clients import consented_client
from oduflow.blueprints.oauth.errors import redirect_back, refuse
from oduflow.blueprints.oauth.pages import OVER
from oduflow.blueprints.oauth.server import CurrentRequest, authorization, use_client
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Forbidden, Kind
from oduflow.domain.names import new_id
from oduflow.domain.oauth import SCOPE, Login, TokenBinding, Transaction, environment_at

ACCESS_DENIED = "Access Denied"
SIGN_IN = "sign_in"


def login_actor(login: Login | None, team: str = "") -> Actor | None:
    """Return the actor of a sign-in for the audit log, or None before GitHub has named it."""
    if login is None:
        return None
    return Actor(team, ActorKind.OAUTH, login.name, subject_id=login.id)


def end_without_code(transaction: Transaction, error: str) -> Response:
    """Redirect the person back to the client with an error (OAuth 2.1, 4.1.2.1).

    Raises:
        BadRequest: the sign-in has already ended.
    """
    _take(transaction)
    fields = _fields(transaction) | {"error": error}
    record(SIGN_IN, login_actor(transaction.login), Kind.CANCELLED, fields)
    return redirect_back(
        transaction.redirect_uri, error=error, state=transaction.request.get("state")
    )


def refuse_login(transaction: Transaction, login: Login, hint: str) -> Forbidden:
    """End the sign-in of a login that may not sign in. The client is told nothing about it."""
    stores().transactions.take(transaction)
    record(SIGN_IN, login_actor(login), Kind.FORBIDDEN, _fields(transaction))
    return Forbidden(ACCESS_DENIED, hint)


def end_with_code(transaction: Transaction, login: Login, team: str) -> Response:
    """Redirect to the client with a code for a login and a team.

    Raises:
        BadRequest: the sign-in has already ended, or the client is gone.
        Forbidden: the login is bound to another GitHub account.
    """
    if not stores().logins.bind(login):
        raise refuse_login(
            transaction,
            login,
            "Another GitHub account had this name when it first signed in. If the name changed "
            "hands on purpose, run on the server: "
            f"oduflow call --team {team} forget_github_login {login.name}",
        )
    _take(transaction)
    client = consented_client(
        transaction.client_id, transaction.client_name, transaction.redirect_uri
    )
    if client is None:
        refuse("This server does not know the client any more.")
    use_client(client)
    asked = CurrentRequest("GET", MultiDict(transaction.request))
    answer = authorization.create_authorization_response(
        asked,
        grant_user=TokenBinding(
            family=new_id(),
            client_id=transaction.client_id,
            team=team,
            login=login,
            scope=SCOPE,
            resource=transaction.resource,
            environment=environment_at(transaction.resource, team, environment_id),
        ),
        grant=authorization.get_authorization_grant(asked),
    )
    if answer.location is None:
        refuse("The client changed while you signed in.")
    record(SIGN_IN, login_actor(login, team), "ok", _fields(transaction))
    return redirect_back(answer.location)


def _take(transaction: Transaction) -> None:
    if not stores().transactions.take(transaction):
        refuse(OVER)


def _fields(transaction: Transaction) -> dict[str, str]:
    return {"client": transaction.client_id, "resource": transaction.resource}
