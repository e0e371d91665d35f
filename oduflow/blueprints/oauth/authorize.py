"""`/authorize`: a client sends a person here, and what it asks is checked (OAuth 2.1, 4.1.1)."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Response, request
from werkzeug.datastructures import MultiDict

from oduflow.blueprints.oauth.browser import browser_of, give_mark, keep_mark
from oduflow.blueprints.oauth.consent import consent_page
from oduflow.blueprints.oauth.errors import InvalidTarget, redirect_back, refuse
from oduflow.blueprints.oauth.face import base_url, blueprint, counted_address, parts
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

MAX_QUERY = 8 << 10  # bytes; a sign-in is kept for ten minutes, whoever began it
_MAY_REPEAT = frozenset({"resource"})  # RFC 8707, 2


@blueprint.get("/authorize")
def authorize() -> Response:
    """Ask the person whether they meant it; nothing is forwarded to GitHub before.

    Raises:
        BadRequest: the client is unknown, or where it would end is not registered.
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
    except ValueError:  # Authlib would echo a parameter into a message that may not hold it
        refuse("A parameter is malformed.")
    transaction_id, csrf, mark = new_secret(), new_secret(), give_mark()
    transaction = Transaction(
        id=hash_of(transaction_id),
        browser=browser_of(mark),
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
    parts().transactions.add(transaction)
    return keep_mark(consent_page(transaction, transaction_id, csrf), mark)


def is_repeated(given: MultiDict[str, str]) -> bool:
    """Whether a parameter stands there twice that may not (OAuth 2.1, 3.1 and 3.2)."""
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
