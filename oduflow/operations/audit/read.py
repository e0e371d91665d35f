"""read_audit."""

from oduflow.domain.access import Permission
from oduflow.domain.audit.view import AuditEntry, AuditPage, ReadAudit
from oduflow.domain.counting import counted
from oduflow.domain.errors import Forbidden
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps


@operation(
    permission=Permission.AUDIT_ADMIN,
    effect=Effect.READ,
    rest="GET /audit",
    audit=("actor", "operation"),
)
def read_audit(deps: Deps, call: Call, args: ReadAudit) -> Outcome[AuditPage]:
    """Show the team's calls, newest first: who called what, from where, with which result.

    Refused calls and sign-ins are rows too. Identical reads within a minute are one row with a
    count.
    """
    if call.actor.environments is not None:
        raise Forbidden(
            "The audit trail belongs to the team as a whole.",
            "Ask for a grant that is not bound to environments.",
        )
    found = deps.store.audit.find(call.actor.team, args)
    more = found[-1].number if len(found) == args.limit else None
    steps = (f"read_audit before={more}",) if more else ()
    page = AuditPage(entries=tuple(map(AuditEntry.of, found)), before=more)
    return Outcome(page, f"{counted(len(found), 'row')}.", next=steps)
