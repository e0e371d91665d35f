"""read_audit."""

from functools import cache

from oduflow.domain.access import Permission
from oduflow.domain.audit.view import AuditEntry, AuditPage, ReadAudit
from oduflow.domain.counting import counted
from oduflow.domain.errors import Forbidden
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.kernel.registry import Registry
from oduflow.services.deps import Deps

OPERATIONS = "oduflow.operations"


@cache
def _reading() -> frozenset[str]:
    """Return the names of the operations whose calls only read, and reveal no secret."""
    return frozenset(
        found.name
        for found in Registry.discover(OPERATIONS)
        if found.effect is Effect.READ and not found.shows_secret
    )


@operation(
    permission=Permission.AUDIT_ADMIN,
    effect=Effect.READ,
    rest="GET /audit",
    audit=("actor", "operation"),
)
def read_audit(deps: Deps, call: Call, args: ReadAudit) -> Outcome[AuditPage]:
    """Show the team's calls, refused ones and sign-ins too, newest first."""
    if call.actor.environments is not None:
        raise Forbidden(
            "The audit trail belongs to the team as a whole.",
            "Ask for a grant that is not bound to environments.",
        )
    found = deps.store.audit.find(call.actor.team, args, _reading())
    more = found[-1].number if len(found) == args.limit else None
    steps = (Next.of("read_audit", "shows older rows", before=more),) if more else ()
    page = AuditPage(entries=tuple(map(AuditEntry.of, found)), before=more)
    return Outcome(page, f"{counted(len(found), 'row')}.", next=steps)
