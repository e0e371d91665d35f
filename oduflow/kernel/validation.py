"""Validate the arguments of a call; name each problem, in JSON's words, and the accepted fields."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from oduflow.domain.access import Scope
from oduflow.domain.counting import counted
from oduflow.domain.errors import Invalid
from oduflow.kernel.audited import brief
from oduflow.kernel.coercion import coerced
from oduflow.kernel.operation import Operation
from oduflow.kernel.patterns import form_rule

MAX_PROBLEMS = 20
MAX_NAME_LENGTH = 100
MAX_EXPLAINED = 3
_TIME = "must be a time, such as 2030-01-31T18:00:00Z"
_RULES = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "datetime_from_date_parsing": _TIME,
    "datetime_parsing": _TIME,
    "datetime_type": _TIME,
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
    "string_too_long": "must have at most {max_length} characters",
    "string_type": "must be a string",
    "timezone_aware": "must have a time zone, such as Z for UTC",
    "too_long": "must have at most {max_length} items",
    "tuple_type": "must be a list",
}
_NAME = re.compile(r"[a-z]+(?:[._](?:[a-z]+|\d{1,5}))*")
# Scopes of operations that name a new thing, which may be a branch converted to a name.
NAMES_NEW = frozenset({Scope.EXTRA_REPO, Scope.GRANT, Scope.NEW_ENVIRONMENT, Scope.TEMPLATE})


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
        errors = _causes(wrong.errors())
        problems = [_problem(operation, error) for error in errors[:MAX_PROBLEMS]]
        more = len(errors) - len(problems)
        if more:
            problems.append(f"and {more} more")
        raise Invalid(
            f"{operation.name}: {'; '.join(problems)}.", _hint(operation, errors)
        ) from wrong


def _causes(errors: Sequence[Any]) -> list[Any]:
    """Return the errors without “too few items” of a list whose items were refused."""
    refused = {error["loc"][0] for error in errors if len(error["loc"]) > 1}
    return [
        error
        for error in errors
        if not (error["type"] == "too_short" and error["loc"][0] in refused)
    ]


def _problem(operation: Operation, error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if len(place) > MAX_NAME_LENGTH or not _NAME.fullmatch(place):
        place = "…"  # not a field's name: it may be a secret, so the message does not repeat it
    if error["type"] == "missing":
        return f"{place} is required"
    if error["type"] == "extra_forbidden":
        close = get_close_matches(place, operation.arguments.model_fields, n=1)
        return f"there is no field {place}" + (f" (did you mean {close[0]}?)" if close else "")
    return f"{place} {rule_of(error)}"


def rule_of(error: Any) -> str:
    """Return what a refused value must be; pydantic's own messages speak of Python's types."""
    kind, context, message = error["type"], error.get("ctx", {}), error["msg"]
    if kind in _RULES:
        return _RULES[kind].format(**context)
    if kind == "string_pattern_mismatch":
        return form_rule(context["pattern"], error["input"])
    if kind in {"string_too_short", "too_short"}:
        unit = "item" if kind == "too_short" else "character"
        return f"must have at least {counted(context.get('min_length', 1), unit)}"
    if kind in {"enum", "literal_error"}:
        return f"must be one of {str(context['expected']).replace(chr(39), '')}"
    if kind == "value_error":
        return f"is wrong: {context['error']}"
    return f"is wrong: {message[0].lower()}{message[1:]}"


def _hint(operation: Operation, errors: Sequence[Any]) -> str:
    """Return what the refused fields mean, or, if one does not exist, which fields there are."""
    fields = operation.arguments.model_fields
    if any(error["type"] == "extra_forbidden" for error in errors):
        return _fields(operation)
    refused = [name for name in fields if any(error["loc"][:1] == (name,) for error in errors)]
    texts = {name: fields[name].description or "" for name in refused[:MAX_EXPLAINED]}
    told = [f"{name}: {text}" for name, text in texts.items() if text != f"Its {name}."]
    return " ".join(told) or _fields(operation)


def _fields(operation: Operation) -> str:
    fields = operation.arguments.model_fields.items()
    if not fields:
        return "It takes no fields."
    named = [f"{name} (required)" if field.is_required() else name for name, field in fields]
    return f"Its fields: {', '.join(named)}."


def conversion(operation: Operation, raw: Mapping[str, Any], args: BaseModel) -> str:
    """Return a warning if the name of a new thing was converted; empty if not."""
    for field, scope in ({"name": operation.scope} | dict(operation.locks)).items():
        written, name = raw.get(field), getattr(args, field, None)
        if scope in NAMES_NEW and isinstance(written, str) and name not in {None, written.strip()}:
            return f"The name “{brief(written)}” was written as {name}."
    return ""
