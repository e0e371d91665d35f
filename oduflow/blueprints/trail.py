"""What the faces themselves remember: sign-ins, and whom they refused before any operation."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask import request

from oduflow.blueprints.context import context
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.audit import AuditRow
from oduflow.domain.clock import now
from oduflow.domain.errors import Kind
from oduflow.settings.team import teams_at

STRANGER = "anonymous"
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_FACES = {"api": "rest", "mcp": "mcp"}
_OAUTH = frozenset({".well-known", "auth", "authorize", "consent", "register", "revoke", "token"})


def remember(
    operation: str,
    actor: Actor | None,
    outcome: Kind | str,
    fields: Mapping[str, Any] = _NOTHING,
) -> None:
    """Remember what happened to the request that is being served.

    Somebody known is a row at once. Strangers are counted, one row an address and minute.

    Args:
        operation: what it was, such as `sign_in` or `oauth_consent_denied`; never a client's text.
        actor: who asked, None where nobody knows.
        outcome: `ok`, or the kind of the refusal.
        fields: what else is worth knowing; never what was presented, no secret, no URL.

    Raises:
        Failure: the row of somebody known could not be written.
    """
    row = AuditRow(
        time=now(),
        actor=actor or _stranger(),
        face=_face(),
        address=request.remote_addr or "",
        operation=operation,
        fields=fields,
        outcome=outcome,
        duration_ms=0,
    )
    if actor is None or actor.kind is ActorKind.ANONYMOUS:
        context().audit.count(row)
    else:
        context().audit.append(row)


def _stranger() -> Actor:
    """Name nobody, in the only team that can be meant; in none where there are several."""
    teams = teams_at(context().settings.teams, request.headers.get("Host", ""))
    return Actor(teams[0].id if len(teams) == 1 else "", ActorKind.ANONYMOUS, STRANGER, frozenset())


def _face() -> str:
    first = request.path.split("/", 2)[1]
    return "oauth" if first in _OAUTH else _FACES.get(first, "dashboard")
