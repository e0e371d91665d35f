"""The operations on edits, on the ledger: fixed edits that are discarded and brought back."""

from typing import Any

from oduflow.domain.edits import EditKind, EditsView, FileEdit, PushView
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call

HOSTILE = "<div hx-get=/x hx-trigger=load onclick=alert(1)>\"'</div>"
FILES = (
    FileEdit(path="sale/models/order.py", kind=EditKind.CHANGED),
    FileEdit(path=HOSTILE, kind=EditKind.ADDED),
    FileEdit(path="sale/old.py", kind=EditKind.DELETED),
)
DIFF = f"--- a/sale/models/order.py\n+++ b/sale/models/order.py\n@@ -1 +1 @@\n-a = 1\n+{HOSTILE}"
COMMIT = "a41f09c2b77e210d09ac3d1e220b1755aa41f09c"


def diff_edits(ledger: Any, call: Call, args: Any) -> Outcome[EditsView]:
    ledger.find(args.name)
    files = () if args.name in ledger.discarded else FILES
    view = EditsView(commit=COMMIT, files=files, diff=DIFF if files else "")
    return Outcome(view, f"Edits in {len(files)} files.")


def discard_edits(ledger: Any, call: Call, args: Any) -> Outcome[EditsView]:
    ledger.find(args.name)
    if args.undo:
        ledger.discarded.discard(args.name)
    else:
        ledger.discarded.add(args.name)
    undo = Next.of("discard_edits", "undoes it", name=args.name, undo=True)
    return Outcome(EditsView(commit=COMMIT, files=FILES), "They are discarded.", next=(undo,))


def commit_and_push(ledger: Any, call: Call, args: Any) -> Outcome[PushView]:
    ledger.find(args.name)
    branch = args.branch or f"oduflow/{args.name}"
    view = PushView(branch=branch, commit=COMMIT, author="admin", files=FILES, left=0)
    return Outcome(view, f"3 files pushed to {branch}.")


EDIT_HANDLERS: dict[str, Any] = {
    "diff_edits": diff_edits,
    "discard_edits": discard_edits,
    "commit_and_push": commit_and_push,
}
