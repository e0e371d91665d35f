"""Rate limits for wrong credentials, on every face.

Distinct wrong credentials are counted for each address. A random one, such as a token, is compared
first and counted when it is wrong, so a right one is never refused. A password can be guessed: its
failure is reserved before the comparison, because counting afterwards would let parallel guesses
through, and from a limited address it is compared only if that address signed in to the password's
team lately. See docs/adr/0018-distinct-credentials.md.
"""

import logging
import math
from collections.abc import Callable

from flask import request

from oduflow.blueprints.audit import record
from oduflow.blueprints.context import context
from oduflow.blueprints.teams import teams_at
from oduflow.domain.access import Actor
from oduflow.domain.errors import Failure, Kind, RateLimited
from oduflow.domain.rate_limits import Claim, Reservation

log = logging.getLogger(__name__)

Compare = Callable[[], Actor | None]


def compare_credential(
    face: str, compare: Compare, *, presented: str, is_random: bool = False
) -> Actor | None:
    """Compare a presented credential, unless too many wrong ones were presented before.

    Args:
        face: the name of the face in the log.
        compare: returns the credential's owner, or None when it is wrong. It raises for a
            credential that was right once, such as an expired token or one of a user who may not
            sign in any more: that is not a guess, and is not counted.
        presented: the credential, and whose it is said to be.
        is_random: whether programs make it of random bytes. Such a credential cannot be guessed,
            so nothing is learned from a comparison, and a right one is always accepted.

    Raises:
        RateLimited: it is wrong, or a password, and too many wrong ones came from this address or
            against this team.
    """
    store, cache = context().rate_limits, context().credential_cache
    teams = teams_at(context().settings.teams, request.headers["Host"])
    claim = Claim.of(
        request.remote_addr or "",
        (team.id for team in teams),
        store.digest(presented),
        is_random=is_random,
    )
    accepted = (face, claim.source, claim.by_team.key, claim.credential)
    if not is_random and accepted not in cache.accepted:
        # One at a time for each source: right ones that arrive together must not fill the counter.
        with cache.source_lock(claim.source):
            return _compare_reserved(face, compare, claim)
    found = _compare(face, compare)
    if found is None:
        cache.accepted.discard(accepted)
        _record_wrong(face, _reserved(claim))
    elif accepted not in cache.accepted:
        _accept(face, claim, found, Reservation())
    return found


def _compare_reserved(face: str, compare: Compare, claim: Claim) -> Actor | None:
    reservation = _reserved(claim)
    if reservation.wait_ms and not reservation.known_to:
        raise _too_many(face, reservation)
    try:
        found = _compare(face, compare)
    except BaseException:
        context().rate_limits.give_back(reservation)
        raise
    if found is None:
        _record_wrong(face, reservation)
    elif reservation.wait_ms and found.team not in reservation.known_to:
        # Its own team's address may not be used to guess the passwords of other teams.
        raise _too_many(face, reservation)
    else:
        _accept(face, claim, found, reservation)
    return found


def _reserved(claim: Claim) -> Reservation:
    """Reserve a failure. Write nothing where none is reserved, since such requests are repeated."""
    store = context().rate_limits
    found = store.look(claim)
    return store.reserve(claim) if found.taken else found


def _accept(face: str, claim: Claim, found: Actor, reservation: Reservation) -> None:
    try:
        context().rate_limits.succeed(reservation, claim.source, found.team)
    except Failure as failure:  # a right credential is accepted even if the store cannot be written
        log.warning("%s: the sign-in is not remembered: %s", face, failure.message)
    key = (face, claim.source, claim.by_team.key, claim.credential)
    context().credential_cache.accepted.add(key)


def _compare(face: str, compare: Compare) -> Actor | None:
    """Compare, and record the refusal of a credential that was right once."""
    try:
        return compare()
    except Failure as refused:
        record("sign_in", None, refused.kind, {"credential": face})
        raise


def _record_wrong(face: str, reservation: Reservation) -> None:
    """Log and record a wrong credential of any kind, without the credential itself.

    Raises:
        RateLimited: there were too many before it.
    """
    if reservation.wait_ms:
        raise _too_many(face, reservation)
    if not reservation.is_repeated:
        # The credential is not logged: it may be the right secret with a typing error.
        log.warning("%s: wrong credential from %s", face, request.remote_addr)
    record("sign_in", None, Kind.UNAUTHENTICATED, {"credential": face})


def _too_many(face: str, reservation: Reservation) -> RateLimited:
    seconds = math.ceil(reservation.wait_ms / 1000)
    record("sign_in", None, Kind.RATE_LIMITED, {"credential": face})
    if context().credential_cache.throttled.add(reservation.full):  # one line a minute and counter
        details = (face, reservation.full, request.remote_addr, seconds)
        log.warning("%s: too many wrong credentials, %s is full: %s is refused for %d s", *details)
    return RateLimited(
        "There were too many wrong credentials.",
        f"Wait {seconds} seconds, then try once with the right one.",
        retry_after=seconds,
    )
