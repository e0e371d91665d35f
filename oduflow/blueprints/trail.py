"""What the faces themselves remember: sign-ins, and whom they refused before any operation."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from flask import request
from werkzeug.exceptions import HTTPException

from oduflow.blueprints.context import context
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.audit import AuditRow
from oduflow.domain.clock import now
from oduflow.domain.errors import Failure, Kind
from oduflow.kernel.call import Origin
from oduflow.kernel.ports import AuditSink
from oduflow.settings.team import teams_at

STRANGER = "anonymous"
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_FACES = {"api": "rest", "mcp": "mcp"}
_FOR_WANT_OF_ROOM = frozenset({Kind.BUSY, Kind.RATE_LIMITED})
_OAUTH = frozenset({".well-known", "auth", "authorize", "consent", "register", "revoke", "token"})


def remember(
    operation: str,
    actor: Actor | None,
    outcome: Kind | str,
    fields: Mapping[str, Any] = _NOTHING,
) -> None:
    """Remember what happened to the request that is being served.

    Somebody known is a row at once. Strangers are counted, one row an address and minute; so is
    what was refused for want of room, for it comes again by itself.

    Args:
        operation: what it was, such as `sign_in` or `oauth_consent_denied`; never a client's text.
        actor: who asked, None where nobody knows.
        outcome: `ok`, or the kind of the refusal.
        fields: what else is worth knowing; never what was presented, no secret, no URL.

    Raises:
        Failure: the row of somebody known could not be written.
    """
    origin = Origin(_face(), request.remote_addr or "")
    keep(context().audit, operation, actor or _stranger(), origin, outcome, fields)


def keep(
    audit: AuditSink,
    operation: str,
    actor: Actor,
    origin: Origin,
    outcome: Kind | str,
    fields: Mapping[str, Any] = _NOTHING,
) -> None:
    """Do the same where no request is being served.

    Raises:
        Failure: the row of somebody known could not be written.
    """
    repeats = actor.kind is ActorKind.ANONYMOUS or outcome in _FOR_WANT_OF_ROOM
    write = audit.count if repeats else audit.append
    write(
        AuditRow(
            time=now(),
            actor=actor,
            face=origin.face,
            address=origin.address,
            operation=operation,
            fields=fields,
            outcome=outcome,
            duration_ms=0,
        )
    )


@contextmanager
def refusals_remembered(operation: str, actor: Actor) -> Iterator[None]:
    """Remember what the block refuses somebody known, before any operation hears of the call.

    HTTP's own errors are about what was sent: they count as `invalid`.
    """
    try:
        yield
    except Failure as refusal:
        remember(operation, actor, refusal.kind)
        raise
    except HTTPException:
        remember(operation, actor, Kind.INVALID)
        raise


def _stranger() -> Actor:
    """Name nobody, in the only team that can be meant; in none where there are several."""
    teams = teams_at(context().settings.teams, request.headers.get("Host", ""))
    return Actor(teams[0].id if len(teams) == 1 else "", ActorKind.ANONYMOUS, STRANGER, frozenset())


def _face() -> str:
    first = request.path.split("/", 2)[1]
    return "oauth" if first in _OAUTH else _FACES.get(first, "dashboard")
