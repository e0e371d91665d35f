"""The headers of every answer."""

from flask import Response, request

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_ALWAYS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
# A page that needs something else says so itself: OAuth's consent page names one more origin.
_UNLESS_SAID = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",  # no-referrer makes Chromium post with `Origin: null`
    "Cache-Control": "no-store",
}
_TWO_YEARS = "max-age=63072000"


def add_headers(response: Response) -> Response:
    """Add the headers that keep a browser from being turned against its user."""
    response.headers.update(_ALWAYS)
    for name, value in _UNLESS_SAID.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = _TWO_YEARS
    return response
