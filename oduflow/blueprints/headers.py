"""Security headers of every response."""

from flask import Response, request

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_FIXED = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
# A page may set other values: OAuth's consent page allows one more origin.
_DEFAULTS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",  # no-referrer makes Chromium post with `Origin: null`
    "Cache-Control": "no-store",
}
_TWO_YEARS = "max-age=63072000"


def add_headers(response: Response) -> Response:
    """Add the headers against framing, script injection, leaking URLs and caching."""
    response.headers.update(_FIXED)
    for name, value in _DEFAULTS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = _TWO_YEARS
    return response
