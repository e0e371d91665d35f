"""Notice when the proxies in front are not as many as the configuration says.

One too few and everybody shares one address; one too many and a client may claim any. Both work
until it matters, so they are told at the first request that shows it.
"""

import logging

from flask import request
from werkzeug.http import parse_list_header

from oduflow.blueprints.context import context
from oduflow.domain.errors import Failure
from oduflow.domain.proxies import FACT, Hops

_PROBED = "health"  # monitors ask these pages directly, past every proxy
log = logging.getLogger(__name__)


def notice_proxies() -> None:
    """Tell the log once, and `oduflow doctor` through the store, when the numbers differ."""
    told = context().seen.told
    if FACT in told:
        return
    hops = Hops(
        context().settings.server.trusted_proxies,
        len(parse_list_header(request.headers.get("X-Forwarded-For", ""))),
    )
    if hops.fit or (not hops.seen and request.blueprint == _PROBED):
        _forget_former_server(told)
        return
    told.add(FACT)
    log.warning("%s %s", hops.message, hops.hint)
    _remember(hops.dump())


def _forget_former_server(told: set[str]) -> None:
    """Take back what was seen before a restart: it may be mended."""
    if (begun := f"{FACT} since the start") not in told:
        told.add(begun)
        _remember("")


def _remember(text: str) -> None:
    facts = context().facts
    try:
        if text or facts.get(FACT):
            facts.set(FACT, text)
    except Failure as failure:
        log.warning("What is known of proxies was not remembered: %s", failure.message)
