"""The arguments of a call as audit rows contain them: short, and without secrets."""

from typing import Any

from oduflow.domain.audit.addresses import public_form
from oduflow.domain.masking import redact
from oduflow.kernel.operation import Operation

MAX_TEXT = 200
MAX_ITEMS = 20
LARGE = 1 << 63  # larger integers do not fit into SQLite and are audited as text


def audited_value(operation: Operation, name: str, value: Any) -> Any:
    """Return an argument for an audit row; a refused call's arguments are not validated."""
    value = public_form(operation.arguments.model_fields.get(name), value)
    if isinstance(value, list | tuple):
        return [brief(item) for item in value[:MAX_ITEMS]]
    return brief(value)


def brief(value: Any) -> Any:
    """Return a value of at most 200 characters; of a nested one only that it is there."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) < LARGE:
        return value
    if isinstance(value, dict | list | tuple):
        return "…"
    return redact(str(value))[:MAX_TEXT]
