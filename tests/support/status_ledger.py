"""The state of the server on the ledger of the dashboard's tests."""

from typing import Any

from oduflow.domain.outcome import Nothing, Outcome
from oduflow.domain.status import ActorView, ServerStatus
from oduflow.kernel.call import Call


def get_status(ledger: Any, call: Call, args: Nothing) -> Outcome[ServerStatus]:
    """Show the team's database as it is in the ledger."""
    actor = ActorView(
        team=call.actor.team,
        kind=call.actor.kind,
        subject=call.actor.subject,
        tiers=tuple(sorted(call.actor.tiers)),
        environments=None,
    )
    shown = ServerStatus(
        actor=actor,
        version="0",
        environments={},
        database=ledger.database,
        reduced=None,
        clone="copy: for a test.",
        quotas={},
    )
    return Outcome(shown, "It serves.")
