"""Read an operation's raw arguments from a request: path, query or JSON body, and `Prefer`."""

import re
import typing
from collections.abc import Mapping
from types import UnionType
from typing import Any

from flask import request
from pydantic import BaseModel
from pydantic_core import from_json
from werkzeug.exceptions import UnsupportedMediaType

from oduflow.domain.errors import Invalid
from oduflow.domain.job import MAX_WAIT_SECONDS
from oduflow.kernel.operation import Operation

JSON = "application/json"
ONE_OBJECT = 'Send one JSON object, such as {"name": "shop"}.'
METHODS_WITH_BODY = frozenset({"PATCH", "POST"})
_WAIT = re.compile(r'wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?', re.IGNORECASE)


def read_arguments(operation: Operation, path: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments as the caller sent them; the runner validates them.

    Args:
        operation: the called operation.
        path: the parameters of the path.

    Raises:
        Invalid: they cannot be read, or contradict the path.
        UnsupportedMediaType: the body's content type is not JSON.
    """
    if operation.method in METHODS_WITH_BODY:
        _refuse_if(
            bool(request.query_string),
            f"{operation.method} reads a JSON body, no query.",
            "Put the query's parameters into the body.",
        )
        return _joined(path, _body())
    _refuse_if(
        bool(request.get_data()),
        f"{operation.method} reads the query, no body.",
        "Put the body's fields into the query.",
    )
    return _joined(path, _query(operation.arguments))


def _joined(path: Mapping[str, str], sent: Mapping[str, Any]) -> dict[str, Any]:
    for name in path.keys() & sent.keys():
        _refuse_if(
            sent[name] not in (None, path[name]),  # null means that it is left out
            f"{name} is “{path[name]}” in the path, and another value elsewhere.",
            f"Leave {name} out of the query and the body.",
        )
    return {**sent, **path}


def _query(arguments: type[BaseModel]) -> dict[str, Any]:
    arrays = array_fields(arguments)
    values: dict[str, Any] = {}
    for name, given in request.args.lists():
        _refuse_if(
            len(given) > 1 and name not in arrays,
            f"{name} is given {len(given)} times.",
            "Give it once: only a list takes several values.",
        )
        values[name] = given if name in arrays else given[0]
    return values


def _body() -> dict[str, Any]:
    text = request.get_data()
    if not text:
        return {}
    # Another site's page can post a form as text, but not with the content type of JSON.
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"The body must be {JSON}.")
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError as wrong:
        raise Invalid(f"The body is not JSON: {wrong}.", ONE_OBJECT) from wrong
    _refuse_if(not isinstance(value, dict), "The body is JSON, but not one object.", ONE_OBJECT)
    return dict(value)


def _refuse_if(wrong: bool, message: str, hint: str) -> None:  # noqa: FBT001 - the condition reads best first
    if wrong:
        raise Invalid(message, hint)


def preferred_wait(prefer: str) -> int:
    """Return how many seconds a `Prefer: wait=N` header asks to wait, at most 45, else 0.

    A preference that cannot be parsed is ignored (RFC 7240, 2).
    """
    matches = (_WAIT.fullmatch(preference.strip()) for preference in prefer.split(","))
    return next((min(int(match[1]), MAX_WAIT_SECONDS) for match in matches if match), 0)


def array_fields(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of the fields that a query gives by repeating the key."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if _is_array(field.annotation))


def _is_array(annotation: object) -> bool:
    origin = typing.get_origin(annotation)
    if origin in {typing.Union, UnionType}:
        return any(_is_array(member) for member in typing.get_args(annotation))
    return origin in {tuple, list, set, frozenset}
