"""The one place that is told how every presented credential fared."""

import logging
from collections.abc import Callable

from flask import request

from oduflow.blueprints.trail import remember
from oduflow.domain.access import Actor
from oduflow.domain.errors import Kind

log = logging.getLogger(__name__)


def attempt(face: str, compare: Callable[[], Actor | None]) -> Actor | None:
    """Compare a presented credential, and note where a wrong one came from.

    The comparison is handed in, so that whoever counts failures can reserve a place before it:
    counting afterwards lets parallel guesses through.
    """
    actor = compare()
    if actor is None:
        # What was presented is not logged: it may be a slip of the right secret.
        log.warning("%s: wrong credential from %s", face, request.remote_addr)
        remember("sign_in", None, Kind.UNAUTHENTICATED, {"credential": face})
    return actor
