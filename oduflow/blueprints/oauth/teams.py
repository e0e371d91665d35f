"""The page on which a signed-in person chooses a team.

Over plain http the page is shown even for a single team. There, code in an environment on this
host name can read and set the binding cookie, begin a sign-in with it and have a victim end it,
because GitHub does not ask twice. Only the victim sees this page and its CSRF token.
"""

from dataclasses import replace

from flask import Response, request

from oduflow.blueprints.audit import record
from oduflow.blueprints.oauth.binding_cookie import is_https
from oduflow.blueprints.oauth.blueprint import blueprint, current_teams, team_name
from oduflow.blueprints.oauth.ending import (
    SIGN_IN,
    end_with_code,
    end_without_code,
    login_actor,
    refuse_login,
)
from oduflow.blueprints.oauth.errors import refuse, see_other
from oduflow.blueprints.oauth.pages import advance, current_transaction, page, submitted_transaction
from oduflow.domain.errors import Kind
from oduflow.domain.oauth import Login, Stage, Transaction, hash_of, new_secret
from oduflow.domain.redirects import destination

TEAM = "/auth/team"
MAX_TEAM = 80  # characters of a submitted team that are recorded
_DENY = "deny"
_NOT_LISTED = "Ask for your GitHub login to be added to your team's github_users."


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
        place=destination(transaction.redirect_uri),
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
