"""Send an HTTP request of a caller to an environment's Odoo."""

import json
import time
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from oduflow.domain.counting import binary_size
from oduflow.domain.environment import Environment
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.excerpt import MAX_OUTPUT, excerpt
from oduflow.domain.http import HttpAnswer, HttpHeader, HttpRequest
from oduflow.domain.masking import redact
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import ODOO_PORT
from oduflow.net.fetch import FetchFailed, Request, Response, fetch
from oduflow.services.deps import Deps
from oduflow.services.environments.command import require_address
from oduflow.services.environments.view import base_url

MAX_BYTES = 2 << 20
MOST_HEADERS = 60
HEADER_CHARACTERS = 2_000
_KEPT = "!$%&'()*+,/:;=?@[]~"  # of a path and query; everything else is escaped
# Others, such as punycode, take very long for what a hostile Odoo may send.
_CHARSETS = frozenset({"iso-8859-1", "us-ascii", "utf-8", "windows-1252"})
_TEXT = ("text/", "application/json", "application/xml", "application/javascript")


def send(deps: Deps, row: Environment, args: HttpRequest) -> Outcome[HttpAnswer]:
    """Send a request to the environment's container, and nowhere else.

    Redirects are not followed: the answer shows where they lead.

    Raises:
        Conflict: the environment does not run.
        UpstreamFailed: it did not answer within the time or the limits.
    """
    request = _request(deps, row, args)
    begun = time.monotonic()
    try:
        response = fetch(request, max_bytes=MAX_BYTES, deadline=begun + args.timeout)
    except FetchFailed as cause:
        raise UpstreamFailed(
            f"{row.name} did not answer {args.method} {_shown(args)} within {args.timeout} s.",
            "Its log says whether the request arrived.",
            Next.of("get_environment_logs", "shows its log", name=row.name),
        ) from cause
    return _outcome(row, args, response, time.monotonic() - begun)


def _request(deps: Deps, row: Environment, args: HttpRequest) -> Request:
    address = require_address(deps.naming, deps.engine.containers, row)
    headers = {key.title(): value for key, value in args.headers.items()}
    if args.body and "Content-Type" not in headers and _is_json(args.body):
        headers["Content-Type"] = "application/json"
    headers["Host"] = urlsplit(base_url(deps.settings, row) or "").netloc or "localhost"
    return Request(
        f"http://{address}:{ODOO_PORT}{quote(args.path, safe=_KEPT)}",
        ip_address(address),
        headers,
        args.method,
        (args.body or "").encode(),
    )


def _shown(args: HttpRequest) -> str:
    """Return the path without its query, which may be a secret: messages are logged."""
    return args.path.partition("?")[0][:100]


def _is_json(body: str) -> bool:
    with suppress(ValueError, RecursionError):
        return isinstance(json.loads(body), dict | list)
    return False


def _outcome(
    row: Environment, args: HttpRequest, response: Response, seconds: float
) -> Outcome[HttpAnswer]:
    body, is_cut = response.body[:MAX_BYTES], len(response.body) > MAX_BYTES
    text = redact(_text(response, body))
    pairs = response.headers.items()[:MOST_HEADERS]
    view = HttpAnswer(
        status=response.status,
        headers=tuple(
            HttpHeader(name=name[:HEADER_CHARACTERS], value=str(value)[:HEADER_CHARACTERS])
            for name, value in pairs
        ),
        text=excerpt(text),
        seconds=round(seconds, 3),
    )
    is_long = len(text) > MAX_OUTPUT
    return Outcome(
        view,
        f"{row.name} answered {response.status} to {args.method} {_shown(args)}.",
        warnings=_warnings(response, body, text, is_cut=is_cut),
        output=text if is_long else "",
        truncated=is_long or is_cut,
    )


def _warnings(response: Response, body: bytes, text: str, *, is_cut: bool) -> tuple[str, ...]:
    return (
        *((f"Only the first {binary_size(MAX_BYTES)} of the body were read.",) if is_cut else ()),
        *(
            (f"The body of {binary_size(len(body))} is no text, and not shown.",)
            if body and not text
            else ()
        ),
        *(
            ("The redirect was not followed.",)
            if response.headers.get("Location") is not None
            else ()
        ),
    )


def _text(response: Response, body: bytes) -> str:
    """Return a body as text; empty if it says to be something else."""
    kind = response.headers.get_content_type()
    if not (kind.startswith(_TEXT) or kind.endswith(("+json", "+xml"))):
        return ""
    try:
        charset = response.headers.get_content_charset()
    except ValueError:  # the standard library's, of a malformed parameter
        charset = None
    return body.decode(charset if charset in _CHARSETS else "utf-8", "replace")
