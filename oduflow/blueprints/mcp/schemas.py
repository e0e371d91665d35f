"""JSON Schemas without noise, and values that follow them without noise.

An agent reads the whole list of tools before its first call, so each byte counts: 60 tools fit
into 45 kB.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

# The runner refuses what is too long anyway and says so; in a list of tools it is noise.
_NOISE = {"title", "$defs", "minLength", "maxLength", "minItems", "maxItems"}


def input_schema(model: type[BaseModel]) -> Schema:
    """Say what a call takes: names, types, meanings, defaults, bounds and choices."""
    full = model.model_json_schema()
    schema = _compact(full, full.get("$defs", {}))
    schema.pop("description", None)  # the model's, about the model
    return schema


def output_schema(envelope: type[BaseModel]) -> Schema:
    """Say what a reader may rely on in every answer: the envelope, and the names in its data.

    Types stay out: the values are plain JSON, and with them the list would be twice as long.
    """
    full = envelope.model_json_schema()
    data = _resolve(full["properties"]["data"], full.get("$defs", {}))
    return {
        "type": "object",
        "properties": {"data": {"type": "object", "required": data.get("required", [])}},
        "required": full["required"],
    }


class Shape:
    """The full schema of an operation's answers, to drop nulls that say nothing."""

    def __init__(self, envelope: type[BaseModel]) -> None:
        self._schema = envelope.model_json_schema()
        self._defs: Mapping[str, Schema] = self._schema.get("$defs", {})

    def lean(self, answer: BaseModel) -> Schema:
        """Dump an answer to JSON types without the nulls that its schema does not require."""
        lean: Schema = self._lean(answer.model_dump(mode="json"), self._schema)
        return lean

    def _lean(self, value: Any, schema: Schema) -> Any:
        schema = _resolve(schema, self._defs)
        if isinstance(value, list):
            return [self._lean(item, schema.get("items", {})) for item in value]
        fields = schema.get("properties")
        if not isinstance(value, dict) or fields is None:
            return value
        required = schema.get("required", ())
        return {
            key: self._lean(item, fields.get(key, {}))
            for key, item in value.items()
            if item is not None or key in required
        }


def _resolve(schema: Schema, defs: Mapping[str, Schema]) -> Schema:
    """Follow a reference, and look through “or null”."""
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolve(choice, defs)
    if "$ref" in schema:
        return _resolve(_target(schema, defs), defs)
    return schema


def _target(schema: Schema, defs: Mapping[str, Schema]) -> Schema:
    return defs[schema["$ref"].rpartition("/")[2]]


def _compact(schema: Schema, defs: Mapping[str, Schema]) -> Schema:
    """Inline references and leave out what tells a caller nothing."""
    compact: Schema = {}
    for key, value in _inlined(schema, defs).items():
        if key in _NOISE or (key == "default" and value is None):
            continue
        if key == "properties":
            compact[key] = {name: _compact(field, defs) for name, field in value.items()}
        elif isinstance(value, dict) and key in {"items", "additionalProperties"}:
            compact[key] = _compact(value, defs)
        elif key in {"anyOf", "oneOf"}:
            compact[key] = [_compact(choice, defs) for choice in value]
        else:
            compact[key] = value
    return {key: value for key, value in compact.items() if value != {}}


def _inlined(schema: Schema, defs: Mapping[str, Schema]) -> Schema:
    """Put what a reference stands for in its place.

    So too for “or null” where null is the default: leaving such a field out says the same.
    """
    said = {key: value for key, value in schema.items() if key not in {"$ref", "anyOf"}}
    if "$ref" in schema:
        target = _inlined(_target(schema, defs), defs)
        target.pop("description", None)  # the model's; the field says what it means here
        return {**target, **said}
    choices: list[Schema] = schema.get("anyOf", [])
    real = [choice for choice in choices if choice.get("type") != "null"]
    if len(real) == 1 and schema.get("default", ...) is None:
        return {**_inlined(real[0], defs), **said}
    return {**said, "anyOf": choices} if choices else said
