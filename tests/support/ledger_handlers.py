"""The handlers of the nouns whose ledgers have modules of their own, and those for the others."""

from datetime import timedelta
from typing import Any

from oduflow.domain.access import Scope
from oduflow.domain.audit.rows import NumberedAuditRow
from oduflow.domain.audit.view import AuditEntry, AuditPage, ReadAudit
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.odoo_session import ConnectAsUser, SessionView
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Operation
from tests.support import credential_rows, snapshot_rows
from tests.support.edit_ledger import EDIT_HANDLERS
from tests.support.grant_ledger import GRANT_HANDLERS
from tests.support.samples import sample_view
from tests.support.status_ledger import get_status
from tests.support.template_ledger import TEMPLATE_HANDLERS
from tests.support.test_run_ledger import TEST_RUN_HANDLERS

SESSION = "qf7x-odoo-session-2k"
LINK_TOKEN = "b8w2-link-for-one-browser"


def read_audit(ledger: Any, call: Call, args: ReadAudit) -> Outcome[AuditPage]:
    found = [
        NumberedAuditRow(number, row)
        for number, row in enumerate(ledger.audit, 1)
        if args.actor in {None, row.actor.subject} and (not args.before or number < args.before)
    ]
    shown = tuple(map(AuditEntry.of, reversed(found[-args.limit :])))
    more = shown[-1].number if len(found) > args.limit else None
    return Outcome(AuditPage(entries=shown, before=more), f"{len(shown)} rows.")


def connect_as_user(ledger: Any, call: Call, args: ConnectAsUser) -> Outcome[SessionView]:
    ledger.find(args.name)
    link = f"http://localhost:8000/open/{LINK_TOKEN}" if args.login != "remote" else None
    view = SessionView(
        login=args.login,
        user="Mitchell Admin",
        url="http://localhost:20001/",
        cookie="session_id_20001",
        value=SESSION,
        expires_at=rfc3339(now() + timedelta(hours=1)),
        link=link,
    )
    return Outcome(view, "It is made.", warnings=() if link else ("There is no link: hosts.",))


OTHER_HANDLERS: dict[str, Any] = {
    **TEMPLATE_HANDLERS,
    **credential_rows.HANDLERS,
    **snapshot_rows.HANDLERS,
    **EDIT_HANDLERS,
    **GRANT_HANDLERS,
    **TEST_RUN_HANDLERS,
    "connect_as_user": connect_as_user,
    "get_status": get_status,
    "read_audit": read_audit,
}


def empty_list(declared: Operation, field: str, *_call: Any) -> Outcome[Any]:
    """Return a list of nothing."""
    return Outcome(declared.result.model_validate({field: ()}), "There are none.")


def show_sample(declared: Operation, ledger: Any, call: Call, args: Any) -> Outcome[Any]:
    """Return a sample of the operation's view, if its environment is in the ledger."""
    if declared.scope is Scope.ENVIRONMENT:
        ledger.find(args.name)
    if declared.slow:
        for _step in ledger.walk(call, ((declared.name, declared.title),)):
            pass
    return Outcome(sample_view(declared.result), f"It ran in {args.name}.")
