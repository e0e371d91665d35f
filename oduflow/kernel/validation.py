"""Validate the arguments of a call; name each problem, in JSON's words, and the accepted fields."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from oduflow.domain.errors import Invalid
from oduflow.kernel.coercion import coerced
from oduflow.kernel.operation import Operation

MAX_PROBLEMS = 20
MAX_NAME_LENGTH = 100
_RULES = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": "must be an integer",
    "int_parsing": "must be an integer",
    "int_parsing_size": "must be a smaller number",
    "int_type": "must be an integer",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_type": "must be a string",
    "too_long": "must have at most {max_length} items",
    "too_short": "must have at least {min_length} items",
    "tuple_type": "must be a list",
}
_NAME = re.compile(r"[a-z]+(?:[._](?:[a-z]+|\d{1,5}))*")


def validate(operation: Operation, raw: Mapping[str, Any]) -> BaseModel:
    """Return a call's arguments as the operation's model.

    Raises:
        Invalid: names at most 20 problems; the hint lists the fields.
    """
    try:
        return operation.arguments.model_validate(coerced(operation.arguments, raw))
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
    return f"{place} {_rule(error['type'], error.get('ctx', {}), error['msg'])}"


def _rule(kind: str, context: Mapping[str, Any], message: str) -> str:
    """Return what a value must be; pydantic's own messages speak of Python's types."""
    if kind in _RULES:
        return _RULES[kind].format(**context)
    if kind in {"enum", "literal_error"}:
        return f"must be one of {str(context['expected']).replace(chr(39), '')}"
    if kind == "value_error":
        return f"is wrong: {context['error']}"
    return f"is wrong: {message[0].lower()}{message[1:]}"


def _fields(operation: Operation) -> str:
    fields = operation.arguments.model_fields.items()
    if not fields:
        return "It takes no fields."
    named = [f"{name} (required)" if field.is_required() else name for name, field in fields]
    return f"Its fields: {', '.join(named)}."
