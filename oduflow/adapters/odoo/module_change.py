"""The command that changes modules beside the serving Odoo, and the verdict that it prints."""

import json
from collections.abc import Iterable

from oduflow.adapters.odoo.addons_path import LINKS_ROOT
from oduflow.adapters.odoo.commands import OdooCommand, script
from oduflow.adapters.odoo.conf import ADDONS_ROOT, EXTRA_ROOT
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.module_change import ModuleAction, OdooVerdict

PREFIX = "oduflow-verdict:"
MAX_VERDICT = 1 << 20  # characters; a tenant's code may print lines that look like ours


def change_modules(kind: ModuleAction, modules: Iterable[str], python_target: str) -> OdooCommand:
    """Change modules; `read_verdict` reads the output.

    Args:
        kind: what to do.
        modules: their names.
        python_target: where the packages of requirements are mounted, which may be modules.
    """
    asked = {"change": str(kind), "modules": list(modules), "own": _own(python_target)}
    return script("change_modules.py", json.dumps(asked), part="made_bundles.py")


def apply_changes(plan: ApplyPlan, python_target: str) -> OdooCommand:
    """Load the code as it is, and change the database for it; `read_verdict` reads the output.

    Args:
        plan: what changed files need.
        python_target: as in `change_modules`.
    """
    asked = {
        "change": "apply",
        "modules": [*plan.upgrade, *plan.install],
        "upgrade": plan.upgrade,
        "install": plan.install,
        "reload": dict(plan.reload),
        "terms": dict(plan.translations),
        "ids": plan.ids,
        "bundles": plan.bundles,
        "own": _own(python_target),
    }
    return script("change_modules.py", json.dumps(asked), part="made_bundles.py")


def read_verdict(lines: Iterable[str]) -> OdooVerdict | None:
    """Return the last whole verdict among the lines of a container's output; None without one."""
    text, size, verdict = [""], 0, None
    for line in lines:
        if not line.startswith(PREFIX):
            continue
        piece = line.removeprefix(PREFIX)
        if piece == "begin":
            text, size = [], 0
        elif piece == "end":
            verdict = _parsed("".join(text))
        elif size + len(piece) <= MAX_VERDICT:
            text.append(piece)
            size += len(piece)
    return verdict


def without_verdict(lines: Iterable[str]) -> list[str]:
    """Return the lines of Odoo's log alone."""
    return [line for line in lines if not line.startswith(PREFIX)]


def _own(python_target: str) -> list[str]:
    return [ADDONS_ROOT, EXTRA_ROOT, LINKS_ROOT, python_target]


def _parsed(text: str) -> OdooVerdict | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return OdooVerdict.read(said) if isinstance(said, dict) else None
