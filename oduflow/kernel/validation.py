"""Validate the arguments of a call; name each problem and the accepted fields."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from oduflow.domain.errors import Invalid
from oduflow.kernel.operation import Operation

MAX_PROBLEMS = 20
MAX_NAME_LENGTH = 100
_NAME = re.compile(r"[a-z]+(?:[._](?:[a-z]+|\d{1,5}))*")


def validate(operation: Operation, raw: Mapping[str, Any]) -> BaseModel:
    """Return a call's arguments as the operation's model.

    Raises:
        Invalid: names at most 20 problems; the hint lists the fields.
    """
    try:
        return operation.arguments.model_validate(dict(raw))
    except Invalid:
        raise
    except ValidationError as wrong:
        problems = [_problem(operation, error) for error in wrong.errors()[:MAX_PROBLEMS]]
        more = wrong.error_count() - len(problems)
        if more:
            problems.append(f"and {more} more")
        raise Invalid(f"{operation.name}: {'; '.join(problems)}.", _fields(operation)) from wrong


def _problem(operation: Operation, error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if len(place) > MAX_NAME_LENGTH or not _NAME.fullmatch(place):
        place = "…"  # not a field's name: it may be a secret, so the message does not repeat it
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
