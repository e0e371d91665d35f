"""`/authorize`: check a client's authorization request (OAuth 2.1, 4.1.1)."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Response, request
from werkzeug.datastructures import MultiDict

from oduflow.blueprints.oauth.binding_cookie import (
    binding_token_or_new,
    set_binding_cookie,
)
from oduflow.blueprints.oauth.blueprint import base_url, blueprint, counted_address, stores
from oduflow.blueprints.oauth.consent import consent_page
from oduflow.blueprints.oauth.errors import InvalidTarget, redirect_back, refuse
from oduflow.blueprints.oauth.server import authorization
from oduflow.domain.clock import now
from oduflow.domain.oauth import (
    TRANSACTION_LIFE,
    Stage,
    Transaction,
    asked_resource,
    hash_of,
    new_secret,
)

MAX_QUERY = 8 << 10  # bytes; every sign-in is stored for ten minutes, also an anonymous one
_MAY_REPEAT = frozenset({"resource"})  # RFC 8707, 2


@blueprint.get("/authorize")
def authorize() -> Response:
    """Show the consent page; GitHub is asked only after the person has consented.

    Raises:
        BadRequest: the client is unknown, or its redirect URI is not registered.
        RateLimited: too many sign-ins have begun.
    """
    if is_repeated(request.args) or len(request.query_string) > MAX_QUERY:
        refuse("A parameter is repeated, or too long.")
    try:
        grant = authorization.get_consent_grant()
        resource = asked_resource(base_url(), request.args.getlist("resource"))
        if resource is None:
            raise InvalidTarget(redirect_uri=grant.redirect_uri, state=request.args.get("state"))
    except OAuth2Error as error:
        return _refused(error)
    except ValueError:  # Authlib quotes a parameter in a message that may not contain it
        refuse("A parameter is malformed.")
    transaction_id, csrf, token = new_secret(), new_secret(), binding_token_or_new()
    transaction = Transaction(
        id=hash_of(transaction_id),
        browser=hash_of(token),
        csrf=hash_of(csrf),
        stage=Stage.ASKED,
        client_id=grant.client.client_id,
        client_name=grant.client.row.name,
        redirect_uri=grant.redirect_uri,
        resource=resource,
        request=request.args.to_dict(),
        address=counted_address(),
        expires_at=now() + TRANSACTION_LIFE,
    )
    stores().transactions.add(transaction)
    return set_binding_cookie(consent_page(transaction, transaction_id, csrf), token)


def is_repeated(given: MultiDict[str, str]) -> bool:
    """Return whether a parameter is repeated that may not be (OAuth 2.1, 3.1 and 3.2)."""
    return any(len(values) > 1 for name, values in given.lists() if name not in _MAY_REPEAT)


def _refused(error: OAuth2Error) -> Response:
    if not error.redirect_uri:
        if isinstance(error, InvalidRequestError):
            refuse("The client did not register the address where the sign-in would end.")
        refuse("This server does not know the client.")
    return redirect_back(
        error.redirect_uri,
        error=error.error,
        error_description=error.get_error_description() or None,
        state=error.state,
    )
