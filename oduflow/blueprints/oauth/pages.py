"""Pages with a form, and the checks of a submitted form."""

import hmac
from typing import Any
from urllib.parse import urlsplit

from flask import Response, make_response, render_template, request

from oduflow.blueprints.oauth.binding_cookie import required_binding_token
from oduflow.blueprints.oauth.blueprint import base_url, stores
from oduflow.blueprints.oauth.errors import refuse
from oduflow.domain.oauth import Stage, Transaction, hash_of
from oduflow.domain.redirects import destination, is_registrable

OVER = "This sign-in is over, or began in another browser."


def page(template: str, *, targets: tuple[str, ...], **known: Any) -> Response:
    """Show a form that may only be sent to this server and redirected to the origins of `targets`.

    Chromium checks `form-action` at every redirect, so each origin on the way must be listed.
    """
    response = make_response(render_template(template, **known))
    origins = " ".join(dict.fromkeys(("'self'", *map(_origin, targets))))
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action {origins}"
    )
    return response


def submitted_transaction(stage: Stage) -> Transaction:
    """Return the sign-in that a submitted form belongs to.

    Raises:
        BadRequest: the form is from another page or browser, or was submitted twice or too late.
    """
    refuse_cross_site_form()
    transaction = current_transaction(request.form.get("transaction", ""), stage)
    presented = hash_of(request.form.get("csrf", ""))
    if not hmac.compare_digest(transaction.csrf.encode(), presented.encode()):
        refuse("The form does not come from our own page.")
    return transaction


def current_transaction(transaction_id: str, stage: Stage) -> Transaction:
    """Return this browser's sign-in at the given stage.

    Raises:
        BadRequest: there is none.
    """
    found = stores().transactions.get(hash_of(transaction_id), hash_of(required_binding_token()))
    return found if found is not None and found.stage is stage else refuse(OVER)


def advance(transaction: Transaction, changed: Transaction) -> None:
    """Store the sign-in's next stage.

    Raises:
        BadRequest: another request changed the sign-in meanwhile.
    """
    if not stores().transactions.advance(transaction, changed):
        refuse(OVER)


def refuse_cross_site_form() -> None:
    """Refuse a form that another site's page sent (CSRF).

    Raises:
        BadRequest: the form is from another site's page.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    ours = site == "same-origin" if site is not None else origin in {None, base_url()}
    if not ours:
        refuse("A page of another site sent this.")


def _origin(url: str) -> str:
    if is_registrable(url):
        return destination(url).origin
    parts_ = urlsplit(url)
    return f"{parts_.scheme}://{parts_.netloc}"
