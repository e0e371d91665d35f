"""`/token` and `/revoke`: requests that a client sends itself, without a browser."""

from collections.abc import Callable

from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Response, request

from oduflow.blueprints.oauth.authorize import is_repeated
from oduflow.blueprints.oauth.blueprint import blueprint
from oduflow.blueprints.oauth.server import tokens


@blueprint.post("/token")
def token() -> Response:
    """Issue tokens for a code or a refresh token (OAuth 2.1, 3.2)."""
    return _answer(tokens.create_token_response)


@blueprint.post("/revoke")
def revoke() -> Response:
    """Revoke tokens (RFC 7009, 2)."""
    return _answer(lambda: tokens.create_endpoint_response("revocation"))


def _answer(ask: Callable[[], Response]) -> Response:
    """Return Authlib's answer, or `invalid_request` for a malformed request.

    Authlib raises ValueError for a Basic header that is not text, and for a parameter that its
    message may not contain.
    """
    if is_repeated(request.form):
        return _malformed("A parameter is repeated.")
    try:
        return ask()
    except ValueError:
        return _malformed("The request is malformed.")


def _malformed(why: str) -> Response:
    answer: Response = tokens.handle_error_response(None, InvalidRequestError(why))
    return answer
