"""The canonical text of an audit row: JSON with sorted keys, no spaces, ASCII."""

import json
from datetime import datetime

from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.audit.rows import AuditRow, sealable
from oduflow.domain.clock import rfc3339
from oduflow.domain.errors import Kind


def canonical(row: AuditRow) -> str:
    """Return a row's canonical text; times to the millisecond, user info of URLs masked."""
    actor = row.actor
    tree = {
        "actor": {
            "environments": None if actor.environments is None else sorted(actor.environments),
            "kind": actor.kind,
            "subject": actor.subject,
            "subject_id": actor.subject_id,
            "team": actor.team,
            "tiers": sorted(actor.tiers),
        },
        "address": row.address,
        "count": row.count,
        "duration_ms": row.duration_ms,
        "face": row.face,
        "fields": {name: sealable(value) for name, value in row.fields.items()},
        "operation": row.operation,
        "outcome": row.outcome,
        "time": rfc3339(row.time),
    }
    # `default`: a field of a type unknown to JSON becomes text, so that no row is ever lost.
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), default=str)


def read(text: str) -> AuditRow:
    """Read a canonical text; a row written before a key was added lacks it."""
    tree = json.loads(text)
    actor, outcome = tree["actor"], tree["outcome"]
    environments = actor.get("environments")
    return AuditRow(
        time=datetime.fromisoformat(tree["time"]),
        actor=Actor(
            team=actor["team"],
            kind=ActorKind(actor["kind"]),
            subject=actor["subject"],
            tiers=frozenset(map(Tier, actor["tiers"])),
            subject_id=actor.get("subject_id", ""),
            environments=None if environments is None else frozenset(environments),
        ),
        face=tree["face"],
        address=tree["address"],
        operation=tree["operation"],
        fields=tree["fields"],
        outcome=Kind(outcome) if outcome in set(Kind) else outcome,
        duration_ms=tree["duration_ms"],
        count=tree.get("count", 1),
    )
