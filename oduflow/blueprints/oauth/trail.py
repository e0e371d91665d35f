"""What the audit trail is told of sign-ins: who came in, who was refused, who said no."""

from collections.abc import Mapping
from typing import Any

from flask import request

from oduflow.blueprints.context import context
from oduflow.blueprints.oauth.face import FACE
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.audit import AuditRow
from oduflow.domain.clock import now
from oduflow.domain.errors import Kind
from oduflow.domain.oauth import Login

SIGN_IN = "sign_in"


def remember(operation: str, actor: Actor, outcome: Kind | str, fields: Mapping[str, Any]) -> None:
    """Append one row about a caller who is on no operation's account."""
    address = request.remote_addr or ""
    row = AuditRow(now(), actor, FACE, address, operation, dict(fields), outcome, duration_ms=0)
    context().audit.append(row)


def person(login: Login | None, team: str = "") -> Actor:
    """Name whoever signs in, as far as they are known."""
    if login is None:
        return Actor(team, ActorKind.ANONYMOUS, "anonymous")
    return Actor(team, ActorKind.OAUTH, login.name, subject_id=login.id)
