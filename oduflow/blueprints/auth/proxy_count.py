"""Warn when the number of proxies in front differs from `trusted_proxies`.

With one too few configured, all clients share one address; with one too many, a client may claim
any address. Both work unnoticed, so the first request that shows the difference is logged.
"""

import logging

from flask import request
from werkzeug.http import parse_list_header

from oduflow.blueprints.context import context
from oduflow.domain.errors import Failure
from oduflow.domain.proxies import FACT, ProxyCount

_PROBED = "health"  # monitoring asks these pages directly, without a proxy
log = logging.getLogger(__name__)


def check_proxy_count() -> None:
    """Log a difference once, and store it as a fact for `oduflow doctor`."""
    warned = context().credential_cache.warned_once
    if FACT in warned:
        return
    count = ProxyCount(
        context().settings.server.trusted_proxies,
        len(parse_list_header(request.headers.get("X-Forwarded-For", ""))),
    )
    if count.fit or (not count.seen and request.blueprint == _PROBED):
        cleared = f"{FACT} since the start"
        if cleared not in warned:  # the configuration may be right since the previous start
            warned.add(cleared)
            _store("")
        return
    warned.add(FACT)
    log.warning("%s %s", count.message, count.hint)
    _store(count.dump())


def _store(text: str) -> None:
    facts = context().facts
    try:
        if text or facts.get(FACT):
            facts.set(FACT, text)
    except Failure as failure:
        log.warning("The number of proxies was not stored: %s", failure.message)
