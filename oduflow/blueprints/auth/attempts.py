"""The one place that is told how every presented credential fared, and that says when to stop.

A failure is reserved before anything is compared and given back when there was none: counting
afterwards would let parallel guesses through. A limited address is not compared at all, so its
right credential is refused like a wrong one: an answer that told them apart would let it go on
guessing. See docs/adr/0007-attempts.md.
"""

import hashlib
import hmac
import logging
import math
from collections.abc import Callable
from typing import TypeVar

from flask import request

from oduflow.blueprints.auth.hosts import teams_at
from oduflow.blueprints.context import context
from oduflow.blueprints.trail import remember
from oduflow.domain.access import Actor
from oduflow.domain.attempts import Claim, Reservation
from oduflow.domain.errors import Failure, Kind, RateLimited

T = TypeVar("T")
log = logging.getLogger(__name__)


def attempt(
    face: str,
    compare: Callable[[], T | None],
    *,
    presented: str = "",
    past_team: bool = False,
) -> T | None:
    """Compare a presented credential, unless too many wrong ones came before it.

    Args:
        face: what the log calls the place where it is presented.
        compare: answers who or what it proves, or None when it is wrong. It raises for what was
            right once, such as an expired token or a user who may not come in any more: that is
            no guess, and is not counted.
        presented: the credential. One that was right from the same place a moment ago is no
            guess either, and needs no reservation; left out: each one is reserved.
        past_team: whether a flood of wrong credentials from many places leaves this one alone.
            Only for what no person makes up.

    Raises:
        RateLimited: too many wrong credentials came from there, or against that team.
    """
    ledger, seen = context().attempts, context().seen
    meant = teams_at(context().settings.teams, request.headers["Host"])
    claim = Claim.of(request.remote_addr or "", (team.id for team in meant), past_team=past_team)
    mark = _mark(seen.key, face, claim, presented) if presented else b""
    _go_on(ledger.look(claim), face)
    if mark not in seen.right:
        # One at a time from one place: right ones that come together must not fill the counter.
        with seen.turn(claim.source):
            if mark not in seen.right:
                return _reserved(face, compare, claim, mark)
    found = _told(face, compare)
    if found is None:  # it was changed a moment ago
        seen.right.discard(mark)
        ledger.reserve(claim)
        _note_wrong(face)
    return found


def _reserved(face: str, compare: Callable[[], T | None], claim: Claim, mark: bytes) -> T | None:
    ledger = context().attempts
    reservation = ledger.reserve(claim)
    _go_on(reservation, face)
    try:
        found = _told(face, compare)
    except BaseException:
        ledger.give_back(reservation)
        raise
    if found is None:
        _note_wrong(face)
    elif isinstance(found, Actor):
        ledger.succeed(reservation, claim.source, found.team)
        if mark:
            context().seen.right.add(mark)
    else:
        ledger.give_back(reservation)
    return found


def _told(face: str, compare: Callable[[], T | None]) -> T | None:
    """Compare, and remember who may not come in any more with what was right once."""
    try:
        return compare()
    except Failure as refused:
        remember("sign_in", None, refused.kind, {"credential": face})
        raise


def _note_wrong(face: str) -> None:
    """Note a wrong credential, whatever it was; what is kept of it is decided here."""
    # What was presented is not logged: it may be a slip of the right secret.
    log.warning("%s: wrong credential from %s", face, request.remote_addr)
    remember("sign_in", None, Kind.UNAUTHENTICATED, {"credential": face})


def _note_refused(face: str, full: str, seconds: int) -> None:
    """Note a credential that was not even looked at; a flood of them is told once a minute."""
    remember("sign_in", None, Kind.RATE_LIMITED, {"credential": face})
    if context().seen.refused.add(full):
        told = (face, full, request.remote_addr, seconds)
        log.warning("%s: too many wrong credentials, %s is full: %s is refused for %d s", *told)


def _go_on(reservation: Reservation, face: str) -> None:
    if not reservation.wait_ms:
        return
    seconds = math.ceil(reservation.wait_ms / 1000)
    _note_refused(face, reservation.full, seconds)
    raise RateLimited(
        "There were too many wrong credentials.",
        f"Wait {seconds} seconds, then try once with the right one.",
        retry_after=seconds,
    )


def _mark(key: bytes, face: str, claim: Claim, presented: str) -> bytes:
    """Stand for a credential in memory; without the process's own key it says nothing."""
    parts = (face, claim.source, claim.by_team.key, presented)
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hmac.digest(key, text, hashlib.sha256)
