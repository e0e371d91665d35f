"""The cookie that binds a sign-in to one browser.

Consent, the sign-in at GitHub and the code must reach one browser. Otherwise an attacker could
begin a sign-in and have a victim end it.

Over plain http the cookie proves little: a browser sends it to every port of this host name, and
each of them can set it. There a sign-in ends on a page of our own (see `teams`).
"""

import base64
import hashlib
import hmac
import re

from flask import Response, request

from oduflow.blueprints.oauth.blueprint import base_url
from oduflow.blueprints.oauth.errors import refuse
from oduflow.domain.oauth import TRANSACTION_LIFE, new_secret

_NAME = "oduflow-sign-in"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


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


def binding_token_or_new() -> str:
    """Return the browser's token, or a new one. Two tabs share one, so both can sign in."""
    return binding_token() or new_secret()


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
