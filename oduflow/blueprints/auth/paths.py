"""Paths that a server in front of the application would tidy before anybody has looked."""

import re

from flask import request
from werkzeug.exceptions import NotFound

# Also after the host of an absolute target (RFC 9112, 3.2.2).
_DOUBLED = re.compile(r"(?:https?://[^/]*)?//", re.IGNORECASE)
_AS_SENT = ("REQUEST_URI", "RAW_URI", "PATH_INFO")  # waitress, gunicorn, any


def refuse_doubled_slash() -> None:
    """Answer a path that begins with two slashes as what it is: nothing of ours.

    WSGI servers and werkzeug take them for one, so a rule of a proxy about `/api` or `/mcp` could
    be passed by.

    Raises:
        NotFound: it is such a path.
    """
    if any(_DOUBLED.match(request.environ.get(name) or "") for name in _AS_SENT):
        raise NotFound
