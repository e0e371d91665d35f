"""`/authorize` checks a client's request (OAuth 2.1, 4.1.1), `/consent` the person's answer.

The consent page is shown at every sign-in and the answer is not stored: any client can register
itself and lure a person who is signed in at GitHub to `/authorize`, and GitHub does not ask again.

A wrong request is answered before the person has done anything, so a redirect would make this
server an open redirector for every web site that registers (RFC 9700, 4.11.2). It is redirected to
programs on the person's computer and to the operator's `oauth_redirect_uris`; for other sites a
page names the error and has a link.
"""

from dataclasses import replace
from http import HTTPStatus

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Response, request

from oduflow.blueprints.oauth.blueprint import (
    InvalidTarget,
    base_url,
    blueprint,
    client_url,
    counted_address,
    redirect_back,
    refuse,
    see_other,
    server_settings,
    single_team_name,
    stores,
)
from oduflow.blueprints.oauth.clients import configured_redirect_uris, why_unknown
from oduflow.blueprints.oauth.pages import (
    advance,
    binding_token,
    page,
    set_binding_cookie,
    submitted_transaction,
)
from oduflow.blueprints.oauth.server import authorization, is_repeated
from oduflow.blueprints.oauth.teams import end_without_code
from oduflow.domain.clock import now
from oduflow.domain.errors import RateLimited
from oduflow.domain.oauth import (
    TRANSACTION_LIFE,
    Stage,
    Transaction,
    asked_resource,
    hash_of,
    new_secret,
)
from oduflow.domain.redirects import destination

LOGIN = "/auth/login"
_ALLOW = "allow"
_UNAVAILABLE = "temporarily_unavailable"
_STATUS = {_UNAVAILABLE: HTTPStatus.TOO_MANY_REQUESTS}
MAX_QUERY = 8 << 10  # bytes; every sign-in is stored for ten minutes, also an anonymous one


def consent_page(transaction: Transaction, transaction_id: str, csrf: str) -> Response:
    """Show which client asks for access, and where it sends the person afterwards."""
    return page(
        "oauth/consent.html",
        targets=(server_settings().github_url, transaction.redirect_uri),
        client=transaction.client_name or transaction.client_id,
        client_id=transaction.client_id,
        place=destination(transaction.redirect_uri, server_settings().redirect_schemes),
        into=single_team_name(),
        resource=transaction.resource,
        transaction=transaction_id,
        csrf=csrf,
    )


@blueprint.post("/consent")
def consent() -> Response:
    """Take the person's answer; anything but `allow` denies.

    Raises:
        BadRequest: the form is not from our page, or from another browser than it was shown in.
    """
    transaction = submitted_transaction(Stage.ASKED)
    if request.form.get("decision") != _ALLOW:
        return end_without_code(transaction, "access_denied")
    advance(transaction, replace(transaction, stage=Stage.CONSENTED, csrf=""))
    return see_other(f"{LOGIN}?transaction={request.form['transaction']}")


@blueprint.get("/authorize")
def authorize() -> Response:
    """Show the consent page; GitHub is asked only after the person has consented.

    Raises:
        BadRequest: the client is unknown, or its redirect URI is not registered.
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
    transaction_id, csrf = new_secret(), new_secret()
    token = binding_token() or new_secret()  # two tabs share one, so both can sign in
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
    try:
        stores().transactions.add(transaction)
    except RateLimited as refused:
        return _error_to_client(
            transaction.redirect_uri, _UNAVAILABLE, f"{refused.message} {refused.hint}"
        )
    return set_binding_cookie(consent_page(transaction, transaction_id, csrf), token)


def _refused(error: OAuth2Error) -> Response:
    if not error.redirect_uri:
        if isinstance(error, InvalidRequestError):
            refuse("The client did not register the address where the sign-in would end.")
        cause = why_unknown(request.args.get("client_id", ""))
        refuse(f"This server does not know the client. {cause}")
    return _error_to_client(error.redirect_uri, error.error, error.get_error_description())


def _error_to_client(redirect_uri: str, error: str, description: str) -> Response:
    """Redirect to the client with an error, or show a page with the link if it is a web site."""
    params = {
        "error": error,
        "error_description": description or None,
        "state": request.args.get("state"),
    }
    place = destination(redirect_uri, server_settings().redirect_schemes)
    if not place.is_web_site or redirect_uri in configured_redirect_uris():
        return redirect_back(redirect_uri, **params)
    response = page(
        "oauth/refused.html",
        error=error,
        description=description,
        place=place,
        link=client_url(redirect_uri, **params),
    )
    response.status_code = _STATUS.get(error, HTTPStatus.BAD_REQUEST)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
