"""What is remembered of every call that was admitted or refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oduflow.domain.access import Actor
from oduflow.domain.errors import Kind


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One call: who, from where, what, how it ended.

    Attributes:
        face: `mcp`, `rest`, `dashboard`, `cli`, or `server` for the reconciler.
        address: the client's address, empty on the command line.
        fields: the audited arguments only, never a secret.
        outcome: `ok` or the kind of the failure.
        duration_ms: from admission to the end.
    """

    time: datetime
    actor: Actor
    face: str
    address: str
    operation: str
    fields: Mapping[str, Any]
    outcome: Kind | str
    duration_ms: int
