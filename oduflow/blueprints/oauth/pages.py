"""The pages with a form, and what comes back from them."""

import hmac
from typing import Any
from urllib.parse import urlsplit

from flask import Response, make_response, render_template, request

from oduflow.blueprints.oauth.browser import browser_of, refuse_foreign_pages, required_mark
from oduflow.blueprints.oauth.errors import refuse
from oduflow.blueprints.oauth.face import parts
from oduflow.domain.oauth import Stage, Transaction, hash_of
from oduflow.domain.redirects import destination, is_registrable

OVER = "This sign-in is over, or began in another browser."


def page(template: str, *, targets: tuple[str, ...], **known: Any) -> Response:
    """Show a form that may lead to our own pages and to these addresses' origins only.

    Chromium checks `form-action` along the whole chain of redirects, so every stop is named.
    """
    response = make_response(render_template(template, **known))
    origins = " ".join(dict.fromkeys(("'self'", *map(_origin, targets))))
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action {origins}"
    )
    return response


def posted(stage: Stage) -> Transaction:
    """Return the sign-in that a form of ours is about.

    Raises:
        BadRequest: another page sent it, another browser, a second time, or too late.
    """
    refuse_foreign_pages()
    seen = under_way(request.form.get("transaction", ""), stage)
    presented = hash_of(request.form.get("csrf", ""))
    if not hmac.compare_digest(seen.csrf.encode(), presented.encode()):
        refuse("The form does not come from our own page.")
    return seen


def under_way(transaction_id: str, stage: Stage) -> Transaction:
    """Return this browser's sign-in, if it is at that stage.

    Raises:
        BadRequest: there is none.
    """
    found = parts().transactions.get(hash_of(transaction_id), browser_of(required_mark()))
    return found if found is not None and found.stage is stage else refuse(OVER)


def went_on(seen: Transaction, changed: Transaction) -> None:
    """Write the next step.

    Raises:
        BadRequest: another request took one meanwhile.
    """
    if not parts().transactions.advance(seen, changed):
        refuse(OVER)


def _origin(url: str) -> str:
    if is_registrable(url):
        return destination(url).origin
    parts_ = urlsplit(url)
    return f"{parts_.scheme}://{parts_.netloc}"
