"""Read an operation's raw arguments from a request: path, then query or JSON body."""

from collections.abc import Mapping
from typing import Any

from flask import request
from pydantic import BaseModel
from pydantic_core import from_json
from werkzeug.exceptions import UnsupportedMediaType

from oduflow.blueprints.rest.fields import array_fields
from oduflow.domain.errors import Invalid
from oduflow.kernel.operation import Operation

JSON = "application/json"
ONE_OBJECT = 'Send one JSON object, such as {"name": "shop"}.'
METHODS_WITH_BODY = frozenset({"PATCH", "POST"})


def read_arguments(operation: Operation, path: Mapping[str, str]) -> dict[str, Any]:
    """Collect what the caller sent; whether it fits is for the runner to say.

    Args:
        operation: the one that is called.
        path: the parameters of the path.

    Raises:
        Invalid: it cannot be read, or says two different things.
        UnsupportedMediaType: the body is not said to be JSON.
    """
    if operation.method in METHODS_WITH_BODY:
        _refuse_if(
            bool(request.query_string),
            f"{operation.method} reads a JSON body, no query.",
            "Put what the query says into the body.",
        )
        return _joined(path, _body())
    _refuse_if(
        bool(request.get_data()),
        f"{operation.method} reads the query, no body.",
        "Put what the body says into the query.",
    )
    return _joined(path, _query(operation.arguments))


def _joined(path: Mapping[str, str], sent: Mapping[str, Any]) -> dict[str, Any]:
    for name in path.keys() & sent.keys():
        _refuse_if(
            sent[name] != path[name],
            f"The path says {name} is “{path[name]}”, and more says not.",
            f"Leave {name} to the path.",
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
    # A form of a foreign page can post text, but never say that it is JSON.
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"The body must be {JSON}.")
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError as wrong:
        raise Invalid(f"The body is not JSON: {wrong}.", ONE_OBJECT) from wrong
    _refuse_if(not isinstance(value, dict), "The body is JSON, but not one object.", ONE_OBJECT)
    return dict(value)


def _refuse_if(wrong: bool, message: str, hint: str) -> None:  # noqa: FBT001 - it reads first
    if wrong:
        raise Invalid(message, hint)
