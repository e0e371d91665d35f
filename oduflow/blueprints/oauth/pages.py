"""Pages with a form, the checks of a submitted form, and the cookie that binds it to a browser.

Consent, the sign-in at GitHub and the code must reach one browser. Otherwise an attacker could
begin a sign-in and have a victim end it.

Over plain http the cookie proves little: a browser sends it to every port of this host name, and
each of them can set it. There a sign-in ends on a page of our own (see `teams`).
"""

import base64
import hashlib
import hmac
import re
from typing import Any
from urllib.parse import urlsplit

from flask import Response, make_response, render_template, request

from oduflow.blueprints.oauth.blueprint import base_url, refuse, server_settings, stores
from oduflow.domain.oauth import TRANSACTION_LIFE, Stage, Transaction, hash_of
from oduflow.domain.redirects import destination, is_registrable

_NAME = "oduflow-sign-in"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
OVER = "This sign-in is over, or began in another browser."


def binding_token() -> str | None:
    """Return the token in the browser's binding cookie, or None."""
    found = request.cookies.get(_name(), "")
    return found if _TOKEN.fullmatch(found) else None


def required_binding_token() -> str:
    """Return the token in the browser's binding cookie.

    Raises:
        BadRequest: the browser sent none.
    """
    return binding_token() or refuse("No sign-in is under way in this browser.")


def set_binding_cookie(response: Response, token: str) -> Response:
    """Set the binding cookie for as long as a sign-in may take."""
    response.set_cookie(
        _name(),
        token,
        max_age=TRANSACTION_LIFE,
        path="/",
        secure=is_https(),
        httponly=True,
        samesite="Lax",
    )
    return response


def github_pkce_verifier(token: str, state: str) -> str:
    """Derive the PKCE verifier for GitHub (RFC 7636, 4.1) from the token, so none is stored."""
    digest = hmac.new(token.encode(), state.encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_https() -> bool:
    """Return whether people reach this server over https, so that no other port gets the cookie."""
    return base_url().startswith("https:")


def _name() -> str:
    return f"__Host-{_NAME}" if is_https() else _NAME


def page(template: str, *, targets: tuple[str, ...] = (), **known: Any) -> Response:
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
    """Return the sign-in that a submitted form belongs to; refuse other sites' forms (CSRF).

    Raises:
        BadRequest: the form is from another page or browser, or was submitted twice or too late.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    ours = site == "same-origin" if site is not None else origin in {None, base_url()}
    if not ours:
        refuse("A page of another site sent this.")
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


def _origin(url: str) -> str:
    schemes = server_settings().redirect_schemes
    if is_registrable(url, schemes):
        return destination(url, schemes).origin
    parts_ = urlsplit(url)
    return f"{parts_.scheme}://{parts_.netloc}"
