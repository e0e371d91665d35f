"""The consent page, and what the person answered.

It is always shown and never remembered: a stranger can register a client and lure somebody who
is signed in at GitHub to `/authorize`, and this page is what stands between.
"""

from dataclasses import replace

from flask import Response, request

from oduflow.blueprints.oauth.ending import end_with
from oduflow.blueprints.oauth.errors import see
from oduflow.blueprints.oauth.face import blueprint, server, the_only_team
from oduflow.blueprints.oauth.pages import page, posted, went_on
from oduflow.domain.oauth import Stage, Transaction
from oduflow.domain.redirects import destination

LOGIN = "/auth/login"
_ALLOW = "allow"


def consent_page(transaction: Transaction, transaction_id: str, csrf: str) -> Response:
    """Show who asks for what, and where the answer goes."""
    return page(
        "oauth/consent.html",
        targets=(server().github_url, transaction.redirect_uri),
        client=transaction.client_name or transaction.client_id,
        client_id=transaction.client_id,
        place=destination(transaction.redirect_uri),
        into=the_only_team(),
        resource=transaction.resource,
        transaction=transaction_id,
        csrf=csrf,
    )


@blueprint.post("/consent")
def consent() -> Response:
    """Take the person's answer; everything but a clear yes is a no.

    Raises:
        BadRequest: it does not come from our own page, in the browser that was shown it.
    """
    seen = posted(Stage.ASKED)
    if request.form.get("decision") != _ALLOW:
        return end_with(seen, "access_denied")
    went_on(seen, replace(seen, stage=Stage.CONSENTED, csrf=""))
    return see(f"{LOGIN}?transaction={request.form['transaction']}")
