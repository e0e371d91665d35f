"""The handlers of the nouns whose ledgers have modules of their own."""

from typing import Any

from oduflow.domain.command import CommandView
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.files import FileChange
from oduflow.domain.http import HttpAnswer
from oduflow.domain.module_change import ModulesChanged
from oduflow.domain.outcome import Outcome
from oduflow.domain.sql import SqlView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Operation
from tests.support import credential_rows, snapshot_rows
from tests.support.edit_ledger import EDIT_HANDLERS
from tests.support.grant_ledger import GRANT_HANDLERS
from tests.support.status_ledger import get_status
from tests.support.template_ledger import TEMPLATE_HANDLERS

OTHER_HANDLERS: dict[str, Any] = {
    **TEMPLATE_HANDLERS,
    **credential_rows.HANDLERS,
    **snapshot_rows.HANDLERS,
    **EDIT_HANDLERS,
    **GRANT_HANDLERS,
    "get_status": get_status,
}
SHOWN: dict[Any, Any] = {
    CommandView: CommandView(output="", seconds=0.1),
    FileChange: FileChange(path="sale/models/order.py", size=1),
    HttpAnswer: HttpAnswer(status=200, headers=(), text="", seconds=0.1),
    ModulesChanged: ModulesChanged(
        name="shop",
        state=EnvironmentState.RUNNING,
        modules=(),
        actions=(),
        seconds=0.1,
        odoo_seconds=0.1,
    ),
    SqlView: SqlView(columns=(), rows=()),
}
"""What an operation shows that uses an environment's container or database."""


def empty_list(declared: Operation, field: str, *_call: Any) -> Outcome[Any]:
    """Return a list of nothing."""
    return Outcome(declared.result.model_validate({field: ()}), "There are none.")


def show_fixed(shown: Any, ledger: Any, _call: Call, args: Any) -> Outcome[Any]:
    """Return a fixed view for an environment of the ledger."""
    ledger.find(args.name)
    return Outcome(shown, f"It ran in {args.name}.")
