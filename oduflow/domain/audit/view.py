"""The filter and the views of the audit log."""

from typing import Annotated, Any

from pydantic import Field

from oduflow.domain.audit.rows import NumberedAuditRow
from oduflow.domain.clock import PastMoment
from oduflow.domain.outcome import Model

MAX_TEXT = 200
MAX_NUMBER = 2**63 - 1  # an integer of the store has 64 bits


def _text(description: str) -> Any:
    return Field(description=description, min_length=1, max_length=MAX_TEXT)


class ReadAudit(Model):
    """The rows of the audit trail to show."""

    actor: Annotated[
        str | None,
        _text("Caller: a GitHub login, a grant, `admin` or a system user."),
    ] = None
    face: Annotated[str | None, _text("`mcp`, `rest`, `dashboard`, `cli` or `server`.")] = None
    operation: Annotated[str | None, _text("Such as `delete_environment` or `sign_in`.")] = None
    outcome: Annotated[
        str | None, _text("`ok`, or the kind of the failure, such as `forbidden`.")
    ] = None
    reads: Annotated[bool, Field(description="False leaves out successful reads.")] = True
    since: Annotated[
        PastMoment | None,
        Field(description="First time: RFC 3339, or 2h, 7d, yesterday."),
    ] = None
    until: Annotated[
        PastMoment | None,
        Field(description="Time before which to end, as in since."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=200, description="How many rows at most.")] = 50
    before: Annotated[
        int | None,
        Field(
            ge=1,
            le=MAX_NUMBER,
            description="Only rows of a lower number.",
        ),
    ] = None


class AuditEntry(Model):
    """One row: a call, or `count` calls within a minute that were alike.

    `time` is that of the last one, RFC 3339 in UTC. `actor_id` stays the same when the actor is
    renamed, such as GitHub's numeric id.
    """

    number: int
    time: str
    actor: str
    actor_kind: str
    actor_id: str
    face: str
    address: str
    operation: str
    fields: dict[str, Any]
    outcome: str
    duration_ms: int
    count: int

    @classmethod
    def of(cls, found: NumberedAuditRow) -> "AuditEntry":
        """Make the view of a row."""
        row = found.row
        return cls.from_row(
            row,
            number=found.number,
            actor=row.actor.subject,
            actor_kind=row.actor.kind,
            actor_id=row.actor.subject_id,
            fields=dict(row.fields),
        )


class AuditPage(Model):
    """Rows of the team's audit trail, newest first; `before` asks for the next page."""

    entries: tuple[AuditEntry, ...]
    before: int | None = None
