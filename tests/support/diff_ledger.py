"""`diff_environment` on the ledger: its result is a fixed report."""

from typing import Any

from oduflow.domain.comparison.changes import Change
from oduflow.domain.comparison.kinds import DiffSection
from oduflow.domain.comparison.records import ChangeKind
from oduflow.domain.comparison.report import ComparisonReport
from oduflow.domain.comparison.view import DiffView
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call

HOSTILE = "<div hx-get=/x hx-trigger=load onclick=alert(1)>\"'</div>"
LINES = "--- arch_db\n+++ arch_db\n@@ -1,2 +1,2 @@\n <form>\n-  <i/>\n+  <b onclick='x'/>"
CHANGES = (
    Change(ChangeKind.ADDED, "ir.module.module", "sale", ("latest_version: 19.0.1.2",)),
    Change(ChangeKind.REMOVED, "ir.module.module", "crm"),
    Change(ChangeKind.CHANGED, "ir.ui.view", "base.form", (), LINES),
    Change(ChangeKind.ADDED, "ir.ui.view", HOSTILE, (HOSTILE,), f"-{HOSTILE}\n+{HOSTILE}"),
    *(Change(ChangeKind.ADDED, "ir.model.fields", f"res.partner.x_{n}") for n in range(40)),
)


def report(name: str, *changes: Change) -> ComparisonReport:
    """Make the report of an environment."""
    shown = changes or CHANGES
    notes = {DiffSection.ROWS: "Estimated: sale_order_line."}
    return ComparisonReport(
        name, "template base-19", name, tuple(DiffSection), shown, "Left out: logs.", notes
    )


def diff_environment(ledger: Any, call: Call, args: Any) -> Outcome[DiffView]:
    ledger.find(args.name)
    for _step in ledger.walk(call, (("copy", "copying the database"),)):
        pass
    made = report(args.name)
    view, is_part = made.view()
    text = made.text() if is_part else ""
    return Outcome(view, made.summary, output=text, truncated=is_part)
