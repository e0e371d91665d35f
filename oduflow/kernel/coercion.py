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
# What other programs call a level of Odoo's log.
_SYNONYMS = {"crit": "critical", "err": "error", "fatal": "critical", "warn": "warning"}
_NULLS = frozenset({"none", "null"})
_QUOTES = "\"'"


def coerced(model: type[BaseModel], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call in the form that its model's JSON Schema describes.

    - Null is absent, unless the field is required and may be null. So is the text `null`, or
      Python's `None`, where a field takes no text.
    - A string becomes a list: a JSON array is read, other text is separated at commas, also inside
      brackets and with quotes around each item, as Python and YAML write it.
    - A string with a JSON object becomes an object.
    - An enumeration's value is found ignoring case, quotes and surrounding spaces, or by a synonym.

    A value without such a meaning is returned as it is; the model's validation names it.
    """
    schema = schema_of(model)
    return _object(raw, schema, schema.get("$defs", {}))


@cache
def schema_of(model: type[BaseModel]) -> Schema:
    """Return a model's JSON Schema, which pydantic takes milliseconds to make: read it only."""
    return model.model_json_schema()


def _object(raw: Mapping[str, Any], schema: Schema, defs: Schema) -> dict[str, Any]:
    fields, required = schema.get("properties", {}), schema.get("required", ())
    values = {name: _value(value, fields.get(name, {}), defs) for name, value in raw.items()}
    return {
        name: value
        for name, value in values.items()
        if value is not None or (name in required and _may_be_null(fields[name], defs))
    }


def _may_be_null(schema: Schema, defs: Schema) -> bool:
    return any(choice.get("type") == "null" for choice in _choices(schema, defs))


def _value(value: Any, schema: Schema, defs: Schema) -> Any:
    choices = list(_choices(schema, defs))
    types = {choice.get("type") for choice in choices}
    if isinstance(value, str) and "string" in types:
        return _enumerated(value, choices)
    if isinstance(value, str) and types != {None}:  # None: the model has no such field
        value = _not_text(value, choices, defs)
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


def _enumerated(value: str, choices: list[Schema]) -> str | None:
    known = [each for choice in choices for each in choice.get("enum", ())]
    if any(choice.get("type") == "string" and "enum" not in choice for choice in choices):
        return value
    folded = _unquoted(value).casefold()
    names = {str(each).casefold(): each for each in known}
    found: str | None = names.get(folded) or names.get(_SYNONYMS.get(folded, ""), value)
    return None if found == value and folded in _NULLS else found


def _not_text(text: str, choices: list[Schema], defs: Schema) -> Any:
    """Return what a text means where a field takes another type; None for a null."""
    bare = _unquoted(text)
    if bare.casefold() in _NULLS:
        return None
    types = {choice.get("type"): choice for choice in choices}
    if "array" in types:
        items = {choice.get("type") for choice in _choices(types["array"].get("items", {}), defs)}
        return _list(bare, of_texts="string" in items)
    return _json(bare, dict) if "object" in types else bare


def _list(text: str, *, of_texts: bool) -> Any:
    bracketed = text.startswith("[")
    if bracketed:
        read = _json(text, list)
        if isinstance(read, list) or not (of_texts and text.endswith("]")):
            return read
        text = text[1:-1]
    return [part for part in map(_unquoted, text.split(",")) if part]


def _unquoted(text: str) -> str:
    """Return a text without spaces around it, and without one pair of quotes."""
    text = text.strip()
    quoted = len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0]
    return text[1:-1].strip() if quoted and text[0] not in text[1:-1] else text


def _json(text: str, kind: type) -> Any:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return read if isinstance(read, kind) else text
