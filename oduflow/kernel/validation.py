"""Turn what a caller sent into an operation's arguments, or say what is wrong with it."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from oduflow.domain.errors import Invalid
from oduflow.kernel.operation import Operation

_NAME = re.compile(r"[a-z]+(?:[._](?:[a-z]+|\d{1,5}))*")


def validate(operation: Operation, raw: Mapping[str, Any]) -> BaseModel:
    """Check a call's arguments against its model.

    Raises:
        Invalid: every problem in one message; the hint names the fields.
    """
    try:
        return operation.arguments.model_validate(dict(raw))
    except Invalid:
        raise
    except ValidationError as wrong:
        problems = "; ".join(_problem(operation, error) for error in wrong.errors())
        raise Invalid(f"{operation.name}: {problems}.", _fields(operation)) from wrong


def _problem(operation: Operation, error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if not _NAME.fullmatch(place):
        place = "…"  # whatever it is, no name of a field; a secret in the wrong place, perhaps
    if error["type"] == "missing":
        return f"{place} is required"
    if error["type"] == "extra_forbidden":
        close = get_close_matches(place, operation.arguments.model_fields, n=1)
        return f"there is no field {place}" + (f" (did you mean {close[0]}?)" if close else "")
    return f"{place}: {error['msg'][0].lower()}{error['msg'][1:]}"


def _fields(operation: Operation) -> str:
    fields = operation.arguments.model_fields.items()
    if not fields:
        return "It takes no fields."
    named = [f"{name} (required)" if field.is_required() else name for name, field in fields]
    return f"Its fields: {', '.join(named)}."
