"""Rate limits for wrong credentials, on every face.

A failure is reserved before the comparison and given back when the credential was right: counting
afterwards would let parallel guesses through. A credential from a limited address is not compared
at all, so a right one is refused like a wrong one; otherwise the answers would let the address go
on guessing. See docs/adr/0007-rate-limits.md.
"""

import hashlib
import hmac
import logging
import math
from collections.abc import Callable
from typing import TypeVar

from flask import request

from oduflow.blueprints.audit import record
from oduflow.blueprints.context import context
from oduflow.domain.access import Actor
from oduflow.domain.errors import Failure, Kind, RateLimited
from oduflow.domain.rate_limits import Claim, Reservation
from oduflow.settings import teams_at

T = TypeVar("T")
log = logging.getLogger(__name__)


def compare_credential(
    face: str,
    compare: Callable[[], T | None],
    *,
    presented: str = "",
    past_team: bool = False,
) -> T | None:
    """Compare a presented credential, unless too many wrong ones were presented before.

    Args:
        face: the name of the face in the log.
        compare: returns what the credential proves, or None when it is wrong. It raises for a
            credential that was right once, such as an expired token or one of a user who may not
            sign in any more: that is not a guess, and is not counted.
        presented: the credential. One that was accepted from the same source lately needs no
            reservation; without it every comparison is reserved.
        past_team: whether the limit of the team does not apply. Only for credentials that are
            random, so that a flood of guesses cannot shut the team out.

    Raises:
        RateLimited: too many wrong credentials came from this address, or against this team.
    """
    store, cache = context().rate_limits, context().credential_cache
    teams = teams_at(context().settings.teams, request.headers["Host"])
    claim = Claim.of(request.remote_addr or "", (team.id for team in teams), past_team=past_team)
    fingerprint = _fingerprint(cache.key, face, claim, presented) if presented else b""
    _refuse_when_full(store.look(claim), face)
    if fingerprint not in cache.accepted:
        # One at a time for each source: right ones that arrive together must not fill the counter.
        with cache.source_lock(claim.source):
            if fingerprint not in cache.accepted:
                return _compare_reserved(face, compare, claim, fingerprint)
    found = _compare(face, compare)
    if found is None:  # the credential was changed since it was accepted
        cache.accepted.discard(fingerprint)
        store.reserve(claim)
        _record_wrong(face)
    return found


def _compare_reserved(
    face: str, compare: Callable[[], T | None], claim: Claim, fingerprint: bytes
) -> T | None:
    store = context().rate_limits
    reservation = store.reserve(claim)
    _refuse_when_full(reservation, face)
    try:
        found = _compare(face, compare)
    except BaseException:
        store.give_back(reservation)
        raise
    if found is None:
        _record_wrong(face)
    elif isinstance(found, Actor):
        store.succeed(reservation, claim.source, found.team)
        if fingerprint:
            context().credential_cache.accepted.add(fingerprint)
    else:
        store.give_back(reservation)
    return found


def _compare(face: str, compare: Callable[[], T | None]) -> T | None:
    """Compare, and record the refusal of a credential that was right once."""
    try:
        return compare()
    except Failure as refused:
        record("sign_in", None, refused.kind, {"credential": face})
        raise


def _record_wrong(face: str) -> None:
    """Log and record a wrong credential of any kind, without the credential itself."""
    # The credential is not logged: it may be the right secret with a typing error.
    log.warning("%s: wrong credential from %s", face, request.remote_addr)
    record("sign_in", None, Kind.UNAUTHENTICATED, {"credential": face})


def _refuse_when_full(reservation: Reservation, face: str) -> None:
    if not reservation.wait_ms:
        return
    seconds = math.ceil(reservation.wait_ms / 1000)
    record("sign_in", None, Kind.RATE_LIMITED, {"credential": face})
    if context().credential_cache.throttled.add(reservation.full):  # one line a minute and counter
        details = (face, reservation.full, request.remote_addr, seconds)
        log.warning("%s: too many wrong credentials, %s is full: %s is refused for %d s", *details)
    raise RateLimited(
        "There were too many wrong credentials.",
        f"Wait {seconds} seconds, then try once with the right one.",
        retry_after=seconds,
    )


def _fingerprint(key: bytes, face: str, claim: Claim, presented: str) -> bytes:
    """Return a keyed digest of a credential, its face and its source, to keep in memory."""
    parts = (face, claim.source, claim.by_team.key, presented)
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hmac.digest(key, text, hashlib.sha256)
