"""The consent page and its answer.

The page is shown at every sign-in and the answer is not stored: any client can register itself
and lure a person who is signed in at GitHub to `/authorize`, and GitHub does not ask again.
"""

from dataclasses import replace

from flask import Response, request

from oduflow.blueprints.oauth.blueprint import blueprint, server_settings, single_team_name
from oduflow.blueprints.oauth.ending import end_without_code
from oduflow.blueprints.oauth.errors import see_other
from oduflow.blueprints.oauth.pages import advance, page, submitted_transaction
from oduflow.domain.oauth import Stage, Transaction
from oduflow.domain.redirects import destination

LOGIN = "/auth/login"
_ALLOW = "allow"


def consent_page(transaction: Transaction, transaction_id: str, csrf: str) -> Response:
    """Show which client asks for access, and where it sends the person afterwards."""
    return page(
        "oauth/consent.html",
        targets=(server_settings().github_url, transaction.redirect_uri),
        client=transaction.client_name or transaction.client_id,
        client_id=transaction.client_id,
        place=destination(transaction.redirect_uri),
        into=single_team_name(),
        resource=transaction.resource,
        transaction=transaction_id,
        csrf=csrf,
    )


@blueprint.post("/consent")
def consent() -> Response:
    """Take the person's answer; anything but `allow` denies.

    Raises:
        BadRequest: the form is not from our page, or from another browser than it was shown in.
    """
    transaction = submitted_transaction(Stage.ASKED)
    if request.form.get("decision") != _ALLOW:
        return end_without_code(transaction, "access_denied")
    advance(transaction, replace(transaction, stage=Stage.CONSENTED, csrf=""))
    return see_other(f"{LOGIN}?transaction={request.form['transaction']}")
