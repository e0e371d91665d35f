"""The audit trail in the store.

A row is one canonical JSON text (sorted keys, no spaces, ASCII) under a number that is never
used twice; the columns beside it repeat what a search needs. A hash chain over the texts can
therefore be added without changing a row that exists.
"""

import json
from datetime import datetime

from sqlalchemy import select

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.tables import audit
from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.audit import AuditRow
from oduflow.domain.clock import rfc3339
from oduflow.domain.errors import Kind


class AuditLog:
    """Rows that are only ever appended."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, row: AuditRow) -> None:
        """Append one row."""
        values = {"time": row.time, "team": row.actor.team, "canonical": canonical(row)}
        with self._store.write() as connection:
            connection.execute(audit.insert(), values)

    def latest(self, team: str, limit: int) -> tuple[AuditRow, ...]:
        """Return the team's latest rows, newest first."""
        query = (
            select(audit.c.canonical)
            .where(audit.c.team == team)
            .order_by(audit.c.number.desc())
            .limit(limit)
        )
        with self._store.read() as connection:
            return tuple(_row(text) for text in connection.scalars(query))


def canonical(row: AuditRow) -> str:
    """Write a row as the one text it has; times to the millisecond."""
    tree = {
        "actor": {
            "kind": row.actor.kind,
            "subject": row.actor.subject,
            "team": row.actor.team,
            "tiers": sorted(row.actor.tiers),
        },
        "address": row.address,
        "duration_ms": row.duration_ms,
        "face": row.face,
        "fields": dict(row.fields),
        "operation": row.operation,
        "outcome": row.outcome,
        "time": rfc3339(row.time),
    }
    # `default`: a field of a type JSON lacks is worth a text, never the loss of the row.
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), default=str)


def _row(text: str) -> AuditRow:
    tree = json.loads(text)
    actor, outcome = tree["actor"], tree["outcome"]
    return AuditRow(
        time=datetime.fromisoformat(tree["time"]),
        actor=Actor(
            team=actor["team"],
            kind=ActorKind(actor["kind"]),
            subject=actor["subject"],
            tiers=frozenset(map(Tier, actor["tiers"])),
        ),
        face=tree["face"],
        address=tree["address"],
        operation=tree["operation"],
        fields=tree["fields"],
        outcome=Kind(outcome) if outcome in set(Kind) else outcome,
        duration_ms=tree["duration_ms"],
    )
