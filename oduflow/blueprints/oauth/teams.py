"""Which team a person signs in to, once GitHub has told us who it is.

Over plain http the page is shown even where there is nothing to choose. Whoever has the code of an
environment on this host name can read and plant the browser's mark, begin a sign-in under it and
have a victim end it, for GitHub asks nobody twice. What this page carries only the victim sees.
"""

from dataclasses import replace

from flask import Response, request

from oduflow.blueprints.audit import record
from oduflow.blueprints.oauth.browser import is_https
from oduflow.blueprints.oauth.ending import end_with, finish, turn_away
from oduflow.blueprints.oauth.errors import refuse, see
from oduflow.blueprints.oauth.face import blueprint, team_name, teams_now
from oduflow.blueprints.oauth.pages import page, posted, under_way, went_on
from oduflow.blueprints.oauth.trail import SIGN_IN, person
from oduflow.domain.errors import Kind
from oduflow.domain.oauth import Login, Stage, Transaction, hash_of, new_secret
from oduflow.domain.redirects import destination

TEAM = "/auth/team"
MAX_TEAM = 80  # characters of what somebody posted that are remembered
_DENY = "deny"
_NOT_LISTED = "Ask for your GitHub login to stand in your team's github_users."


def known(seen: Transaction, login: Login) -> Response:
    """Go on with a sign-in whose person is known now.

    Raises:
        Forbidden: no team lets them in.
    """
    teams = teams_now(login.name)
    if not teams:
        raise turn_away(seen, login, _NOT_LISTED)
    if len(teams) == 1 and is_https():
        return finish(seen, login, teams[0])
    # The page has an address of its own, which can be reloaded and holds nothing of GitHub's.
    transaction_id = new_secret()
    went_on(seen, replace(seen, id=hash_of(transaction_id), stage=Stage.KNOWN, login=login))
    return see(f"{TEAM}?transaction={transaction_id}")


@blueprint.get(TEAM)
def choose_team() -> Response:
    """Ask which of their teams the person means, or whether they mean it at all."""
    transaction_id = request.args.get("transaction", "")
    seen, csrf = under_way(transaction_id, Stage.KNOWN), new_secret()
    went_on(seen, replace(seen, csrf=hash_of(csrf)))
    login = _login(seen)
    return page(
        "oauth/team.html",
        targets=(seen.redirect_uri,),
        client=seen.client_name or seen.client_id,
        place=destination(seen.redirect_uri),
        login=login.name,
        teams=[(team, team_name(team)) for team in teams_now(login.name)],
        transaction=transaction_id,
        csrf=csrf,
    )


@blueprint.post(TEAM)
def chosen_team() -> Response:
    """Sign in to the chosen team, if the person belongs to it at this moment; or take their no.

    Raises:
        BadRequest: it does not come from our own page, in the browser that was shown it.
        Forbidden: they belong to none any more.
    """
    seen = posted(Stage.KNOWN)
    if request.form.get("decision") == _DENY:
        return end_with(seen, "access_denied")
    login, team = _login(seen), request.form.get("team", "")
    teams = teams_now(login.name)
    if not teams:
        raise turn_away(seen, login, _NOT_LISTED)
    if team not in teams:
        record(SIGN_IN, person(login), Kind.FORBIDDEN, {"team": team[:MAX_TEAM]})
        refuse("You do not belong to that team.")
    return finish(seen, login, team)


def _login(seen: Transaction) -> Login:
    if seen.login is None:
        raise TypeError("a sign-in at this stage knows who it is")
    return seen.login
