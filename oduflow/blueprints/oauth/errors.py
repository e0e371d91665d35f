"""Error answers of the OAuth server: a page, or a redirect that the client can read.

It redirects only to a registered redirect URI. Errors found before that check are shown on a page
(OAuth 2.1, 4.1.2.1).
"""

from typing import NoReturn
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from flask import Response
from werkzeug.exceptions import BadRequest

from oduflow.blueprints.oauth.blueprint import base_url

BEGIN_AGAIN = "Begin again in your MCP client."


class InvalidTarget(OAuth2Error):  # type: ignore[misc]
    """The requested resource belongs to another server (RFC 8707, 2)."""

    error = "invalid_target"
    description = "The resource is not served here."


def refuse(reason: str) -> NoReturn:
    """Answer with an error page, without a redirect.

    Raises:
        BadRequest: always.
    """
    raise BadRequest(f"{reason} {BEGIN_AGAIN}")


def redirect_back(redirect_uri: str, **params: str | None) -> Response:
    """Redirect to the client, with this server's `iss` (RFC 9207, 2).

    Args:
        redirect_uri: a redirect URI that the client registered.
        params: the query's parameters; None is left out.
    """
    given = {name: value for name, value in params.items() if value is not None}
    query = urlencode({**given, "iss": base_url()})
    joint = "&" if "?" in redirect_uri else "?"
    return see_other(f"{redirect_uri}{joint}{query}")


def see_other(location: str) -> Response:
    """Redirect with 303, without a Referer and without caching."""
    headers = {
        "Location": location,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return Response(status=303, headers=headers)
