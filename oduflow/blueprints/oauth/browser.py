"""The one browser that may go on with a sign-in: a cookie of our own, and nothing else.

Whoever consents, signs in at GitHub and gets the code must be one browser, else an attacker
begins a sign-in and lets a victim end it.

Over plain http the mark proves little: a browser sends it to every port of this host name, and
lets each of them set it. There a sign-in ends on a page of ours (see `teams`).
"""

import base64
import hashlib
import hmac
import re

from flask import Response, request

from oduflow.blueprints.oauth.errors import refuse
from oduflow.blueprints.oauth.face import base_url
from oduflow.domain.oauth import TRANSACTION_LIFE, hash_of, new_secret

_NAME = "oduflow-sign-in"
_MARK = re.compile(r"[A-Za-z0-9_-]{43}")


def mark() -> str | None:
    """Return the browser's mark, if it has one."""
    found = request.cookies.get(_name(), "")
    return found if _MARK.fullmatch(found) else None


def required_mark() -> str:
    """Return the browser's mark.

    Raises:
        BadRequest: it has none.
    """
    found = mark()
    return found or refuse("No sign-in is under way in this browser.")


def give_mark() -> str:
    """Return the browser's mark, a new one where it has none: two tabs share it."""
    return mark() or new_secret()


def keep_mark(response: Response, value: str) -> Response:
    """Let the browser keep its mark for as long as a sign-in may take."""
    response.set_cookie(
        _name(),
        value,
        max_age=TRANSACTION_LIFE,
        path="/",
        secure=is_https(),
        httponly=True,
        samesite="Lax",
    )
    return response


def browser_of(value: str) -> str:
    """Return what is remembered of a mark."""
    return hash_of(value)


def upstream_verifier(value: str, state: str) -> str:
    """Make the PKCE verifier towards GitHub (RFC 7636, 4.1): the browser brings it back."""
    digest = hmac.new(value.encode(), state.encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def refuse_foreign_pages() -> None:
    """Refuse a form that a page of another site sent.

    Raises:
        BadRequest: it is such a form.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    ours = site == "same-origin" if site is not None else origin in {None, base_url()}
    if not ours:
        refuse("A page of another site sent this.")


def _name() -> str:
    return f"__Host-{_NAME}" if is_https() else _NAME


def is_https() -> bool:
    """Whether people reach this server over https, where the mark is ours alone."""
    return base_url().startswith("https:")
