"""Turn what a caller sent into an operation's arguments, or say what is wrong with it."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from oduflow.domain.errors import Invalid
from oduflow.kernel.operation import Operation

MOST_PROBLEMS = 20
MOST_OF_A_NAME = 100
_NAME = re.compile(r"[a-z]+(?:[._](?:[a-z]+|\d{1,5}))*")


def validate(operation: Operation, raw: Mapping[str, Any]) -> BaseModel:
    """Check a call's arguments against its model.

    Raises:
        Invalid: the problems in one message, twenty at most; the hint names the fields.
    """
    try:
        return operation.arguments.model_validate(dict(raw))
    except Invalid:
        raise
    except ValidationError as wrong:
        problems = [_problem(operation, error) for error in wrong.errors()[:MOST_PROBLEMS]]
        more = wrong.error_count() - len(problems)
        if more:
            problems.append(f"and {more} more")
        told = "; ".join(problems)
        raise Invalid(f"{operation.name}: {told}.", _fields(operation)) from wrong


def _problem(operation: Operation, error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if len(place) > MOST_OF_A_NAME or not _NAME.fullmatch(place):
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
