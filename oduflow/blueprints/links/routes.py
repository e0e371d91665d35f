"""The page of a link that signs a browser in to an environment's Odoo.

The link is the credential: who has it may use it once, for five minutes. It is used by a button,
because programs that look at links, such as those of chats, only open them. The session travels in
a cookie, never in a URL: a cookie that this host sets is sent to all of its ports.
"""

from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from oduflow.blueprints.audit import record
from oduflow.blueprints.auth.csrf import refuse_cross_site
from oduflow.blueprints.context import context
from oduflow.domain.clock import now
from oduflow.domain.errors import Kind, NotFound
from oduflow.domain.odoo_session import LINK_PATH, SessionLink

OPERATION = "open_link"  # in the audit log

blueprint = Blueprint("links", __name__)
blueprint.before_request(refuse_cross_site)


@blueprint.get(f"{LINK_PATH}<token>")
def link(token: str) -> Response:
    """Show where a link leads, and as whom.

    Raises:
        NotFound: it was used, has ended, or never was.
    """
    found = _valid(context().links.find(token))
    response = make_response(render_template("link.html", link=found))
    # Chromium checks `form-action` at every redirect.
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(found.url))
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' {origin}"
    )
    return response


@blueprint.post(f"{LINK_PATH}<token>")
def open_link(token: str) -> AnyResponse:
    """Give the browser the session's cookie, and send it to the environment.

    Raises:
        NotFound: the link was used, has ended, or never was.
    """
    found = _valid(context().links.take(token))
    record(OPERATION, None, "ok", {"name": found.name, "login": found.login})
    response = redirect(found.url, 303)
    response.set_cookie(
        found.cookie,
        found.value,
        max_age=max(0, int((found.expires_at - now()).total_seconds())),
        path="/",
        httponly=True,
        samesite="Lax",
    )
    return response


def _valid(found: SessionLink | None) -> SessionLink:
    """Return a link if its environment is still the one that it was made for.

    Raises:
        NotFound: it is not.
    """
    environment = None if found is None else context().runner.environment_id(found.team, found.name)
    if found is None or found.environment != environment:
        record(OPERATION, None, Kind.NOT_FOUND)
        raise NotFound(
            "This link was used already, or has ended.",
            "A link opens once, within five minutes. Ask for another one.",
        )
    return found
