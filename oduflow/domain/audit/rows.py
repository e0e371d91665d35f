"""The rows of the audit log: every call that was admitted or refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oduflow.domain.access import Actor, Tier
from oduflow.domain.errors import Kind
from oduflow.domain.masking import without_userinfo

OTHERS = "others"
# The outcomes of calls that changed nothing.
REFUSALS = frozenset(
    {
        Kind.BUSY,
        Kind.CONFLICT,
        Kind.FORBIDDEN,
        Kind.INVALID,
        Kind.NOT_FOUND,
        Kind.QUOTA,
        Kind.RATE_LIMITED,
        Kind.UNAUTHENTICATED,
    }
)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One call, or several equal ones: caller, address, operation, outcome.

    Attributes:
        time: when it ended; of several, when the last did.
        face: `mcp`, `rest`, `dashboard`, `oauth`, `cli`, or `server` for the server's own work.
        address: the client's address, empty on the command line, `others` for calls of a flood
            of more addresses or refusals than are counted separately.
        fields: the audited arguments only, never a secret; empty for `others`.
        outcome: `ok` or the kind of the failure.
        duration_ms: from admission to the end; of several, the longest.
        count: how many calls the row counts, within one minute.
    """

    time: datetime
    actor: Actor
    face: str
    address: str
    operation: str
    fields: Mapping[str, Any]
    outcome: Kind | str
    duration_ms: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class NumberedAuditRow:
    """A row and its number in the log."""

    number: int
    row: AuditRow


def may_repeat(tier: Tier, *, slow: bool, outcome: Kind | str) -> bool:
    """Whether equal calls of an operation are counted when they repeat within a minute.

    Pages repeat the same reading calls every second, and a program can repeat a refused call
    without end. A call that changes or reveals something gets a row each time, and so does each
    job.
    """
    return not slow and (tier is Tier.READ or outcome in REFUSALS)


def sealable(value: Any) -> Any:
    """Mask the user info of URLs in a text or a list of texts, before it is stored for good."""
    if isinstance(value, str):
        return without_userinfo(value)
    if isinstance(value, list | tuple):
        return [sealable(item) for item in value]
    return value
