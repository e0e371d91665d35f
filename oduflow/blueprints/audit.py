"""Audit rows that the faces write: sign-ins, and requests refused before any operation runs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from flask import request
from werkzeug.exceptions import HTTPException

from oduflow.blueprints.context import context
from oduflow.blueprints.teams import teams_at
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.audit.rows import REFUSALS, AuditRow
from oduflow.domain.clock import now
from oduflow.domain.errors import Failure, Kind
from oduflow.kernel.call import Origin
from oduflow.kernel.ports import AuditSink

ANONYMOUS = "anonymous"
_NO_FIELDS: Mapping[str, Any] = MappingProxyType({})
_FACES = {"api": "rest", "mcp": "mcp", "uploads": "rest"}
_OAUTH = frozenset({".well-known", "auth", "authorize", "consent", "register", "revoke", "token"})


def record(
    operation: str,
    actor: Actor | None,
    outcome: Kind | str,
    fields: Mapping[str, Any] = _NO_FIELDS,
) -> None:
    """Write what happened to the current request to the audit log.

    A known actor gets a row of its own at once. Anonymous requests are counted, one row for each
    address and minute, and so are equal refusals of a known actor after the first.

    Args:
        operation: a fixed name, such as `sign_in` or `oauth_consent_denied`; never client text.
        actor: the caller, None when it is unknown.
        outcome: `ok`, or the kind of the refusal.
        fields: further facts; never the presented credential, a secret or a URL.

    Raises:
        Failure: the row of a known actor could not be written.
    """
    origin = Origin(_face(), request.remote_addr or "")
    sink = context().audit
    record_outside_request(sink, operation, actor or _anonymous(), origin, outcome, fields)


def record_outside_request(
    audit: AuditSink,
    operation: str,
    actor: Actor,
    origin: Origin,
    outcome: Kind | str,
    fields: Mapping[str, Any] = _NO_FIELDS,
) -> None:
    """Write an audit row in a thread that serves no Flask request.

    Raises:
        Failure: the row of a known actor could not be written.
    """
    is_counted = actor.kind is ActorKind.ANONYMOUS or outcome in REFUSALS
    write = audit.count if is_counted else audit.append
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
def audited_refusals(operation: str, actor: Actor) -> Iterator[None]:
    """Record a failure that the block raises for a known actor before the runner is called.

    HTTP errors concern the request itself, so they are recorded as `invalid`.
    """
    try:
        yield
    except Failure as refusal:
        record(operation, actor, refusal.kind)
        raise
    except HTTPException:
        record(operation, actor, Kind.INVALID)
        raise


def _anonymous() -> Actor:
    """Return an anonymous actor, of the request's team if its Host means exactly one."""
    teams = teams_at(context().settings.teams, request.headers.get("Host", ""))
    team = teams[0].id if len(teams) == 1 else ""
    return Actor(team, ActorKind.ANONYMOUS, ANONYMOUS, frozenset())


def _face() -> str:
    first = request.path.split("/", 2)[1]
    return "oauth" if first in _OAUTH else _FACES.get(first, "dashboard")
