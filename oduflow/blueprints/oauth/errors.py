"""How the OAuth server says no: a page, or a redirect that the client can read.

A redirect only ever goes to an address that was found registered; everything before that is a
page (OAuth 2.1, 4.1.2.1).
"""

from typing import NoReturn
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from flask import Response
from werkzeug.exceptions import BadRequest

from oduflow.blueprints.oauth.face import base_url

BEGIN_AGAIN = "Begin again in your MCP client."


class InvalidTarget(OAuth2Error):  # type: ignore[misc]
    """The resource is another server's (RFC 8707, 2)."""

    error = "invalid_target"
    description = "The resource is not served here."


def refuse(reason: str) -> NoReturn:
    """Answer a page that leads nowhere.

    Raises:
        BadRequest: always.
    """
    raise BadRequest(f"{reason} {BEGIN_AGAIN}")


def redirect_back(redirect_uri: str, **params: str | None) -> Response:
    """Send a person back to the client, and say which server did (RFC 9207, 2).

    Args:
        redirect_uri: an address that the client registered.
        params: what the client is told; None is left out.
    """
    told = {name: value for name, value in params.items() if value is not None}
    query = urlencode({**told, "iss": base_url()})
    joint = "&" if "?" in redirect_uri else "?"
    return see(f"{redirect_uri}{joint}{query}")


def see(location: str) -> Response:
    """Send a browser on, without telling where from and without keeping the answer."""
    headers = {
        "Location": location,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return Response(status=303, headers=headers)
