"""Convert arguments that mean the right thing in another form.

Language models and shells write a list as text, null for what they leave out, and an enumeration's
value in capitals. Where only one meaning is possible, the call is not refused for its form.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

Schema = Mapping[str, Any]


def coerced(model: type[BaseModel], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call in the form that its model's JSON Schema describes.

    - Null is absent, unless the field is required and may be null.
    - A string becomes a list: a JSON array is read, other text is separated at commas.
    - A string with a JSON object becomes an object.
    - An enumeration's value is found ignoring case and surrounding spaces.

    A value without such a meaning is returned as it is; the model's validation names it.
    """
    schema = _schema(model)
    return _object(raw, schema, schema.get("$defs", {}))


@cache
def _schema(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _object(raw: Mapping[str, Any], schema: Schema, defs: Schema) -> dict[str, Any]:
    fields, required = schema.get("properties", {}), schema.get("required", ())
    return {
        name: _value(value, fields.get(name, {}), defs)
        for name, value in raw.items()
        if value is not None or (name in required and _may_be_null(fields[name], defs))
    }


def _may_be_null(schema: Schema, defs: Schema) -> bool:
    return any(choice.get("type") == "null" for choice in _choices(schema, defs))


def _value(value: Any, schema: Schema, defs: Schema) -> Any:
    choices = list(_choices(schema, defs))
    types = {choice.get("type") for choice in choices}
    if isinstance(value, str) and "string" in types:
        return _enumerated(value, choices)
    if isinstance(value, str) and "array" in types:
        value = _list(value)
    elif isinstance(value, str) and "object" in types:
        value = _json(value, dict)
    for choice in choices:
        if isinstance(value, list) and choice.get("type") == "array":
            return [_value(item, choice.get("items", {}), defs) for item in value]
        if isinstance(value, dict) and choice.get("type") == "object":
            return _object(value, choice, defs)
    return value


def _choices(schema: Schema, defs: Schema) -> Iterator[Schema]:
    """Return the schemas that a value may have, without references."""
    if "$ref" in schema:
        yield from _choices(defs[schema["$ref"].rpartition("/")[2]], defs)
    elif "anyOf" in schema:
        for choice in schema["anyOf"]:
            yield from _choices(choice, defs)
    else:
        yield schema


def _enumerated(value: str, choices: list[Schema]) -> str:
    known = [each for choice in choices for each in choice.get("enum", ())]
    if any(choice.get("type") == "string" and "enum" not in choice for choice in choices):
        return value
    folded = value.strip().casefold()
    return next((each for each in known if str(each).casefold() == folded), value)


def _list(text: str) -> Any:
    if text.lstrip().startswith("["):
        return _json(text, list)
    return [part for part in map(str.strip, text.split(",")) if part]


def _json(text: str, kind: type) -> Any:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return read if isinstance(read, kind) else text
