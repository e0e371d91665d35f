"""The page on which a signed-in person chooses a team, and the end of a sign-in.

Over plain http the page is shown even for a single team. There, code in an environment on this
host name can read and set the binding cookie, begin a sign-in with it and have a victim end it,
because GitHub does not ask twice. Only the victim sees this page and its CSRF token.
"""

from dataclasses import replace

from flask import Response, request
from werkzeug.datastructures import MultiDict

from oduflow.blueprints.audit import record
from oduflow.blueprints.oauth.blueprint import (
    blueprint,
    current_teams,
    environment_id,
    redirect_back,
    refuse,
    see_other,
    server_settings,
    stores,
    team_name,
)
from oduflow.blueprints.oauth.clients import known_client
from oduflow.blueprints.oauth.pages import (
    OVER,
    advance,
    current_transaction,
    is_https,
    page,
    submitted_transaction,
)
from oduflow.blueprints.oauth.server import CurrentRequest, authorization, use_client
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Forbidden, Kind
from oduflow.domain.names import new_id
from oduflow.domain.oauth import (
    SCOPE,
    Login,
    Stage,
    TokenBinding,
    Transaction,
    environment_at,
    hash_of,
    new_secret,
)
from oduflow.domain.redirects import destination

ACCESS_DENIED = "Access Denied"
SIGN_IN = "sign_in"
TEAM = "/auth/team"
MAX_TEAM = 80  # characters of a submitted team that are recorded
_DENY = "deny"
_NOT_LISTED = "Ask for your GitHub login to be added to your team's github_users."


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
    client = known_client(
        transaction.client_id, transaction.client_name, (transaction.redirect_uri,)
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


def continue_with_login(transaction: Transaction, login: Login) -> Response:
    """Continue a sign-in after GitHub has authenticated the person.

    Raises:
        Forbidden: no team lists the login.
    """
    teams = current_teams(login.name)
    if not teams:
        raise refuse_login(transaction, login, _NOT_LISTED)
    if len(teams) == 1 and is_https():
        return end_with_code(transaction, login, teams[0])
    # The page has a URL of its own, which can be reloaded and contains nothing from GitHub.
    transaction_id = new_secret()
    advance(
        transaction,
        replace(transaction, id=hash_of(transaction_id), stage=Stage.KNOWN, login=login),
    )
    return see_other(f"{TEAM}?transaction={transaction_id}")


@blueprint.get(TEAM)
def choose_team() -> Response:
    """Show the page on which the person chooses a team, continues, or denies."""
    transaction_id = request.args.get("transaction", "")
    transaction, csrf = current_transaction(transaction_id, Stage.KNOWN), new_secret()
    advance(transaction, replace(transaction, csrf=hash_of(csrf)))
    login = _login(transaction)
    return page(
        "oauth/team.html",
        targets=(transaction.redirect_uri,),
        client=transaction.client_name or transaction.client_id,
        place=destination(transaction.redirect_uri, server_settings().redirect_schemes),
        login=login.name,
        teams=[(team, team_name(team)) for team in current_teams(login.name)],
        transaction=transaction_id,
        csrf=csrf,
    )


@blueprint.post(TEAM)
def chosen_team() -> Response:
    """Sign in to the chosen team, if it lists the person at this moment, or deny.

    Raises:
        BadRequest: the form is not from our page, or from another browser than it was shown in.
        Forbidden: no team lists the person any more.
    """
    transaction = submitted_transaction(Stage.KNOWN)
    if request.form.get("decision") == _DENY:
        return end_without_code(transaction, "access_denied")
    login, team = _login(transaction), request.form.get("team", "")
    teams = current_teams(login.name)
    if not teams:
        raise refuse_login(transaction, login, _NOT_LISTED)
    if team not in teams:
        record(SIGN_IN, login_actor(login), Kind.FORBIDDEN, {"team": team[:MAX_TEAM]})
        refuse("You do not belong to that team.")
    return end_with_code(transaction, login, team)


def _login(transaction: Transaction) -> Login:
    if transaction.login is None:
        raise TypeError("a sign-in at this stage has a login")
    return transaction.login
