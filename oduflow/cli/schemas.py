"""Operations with the JSON Schema of their arguments, as the command line reads and prints them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oduflow.kernel.operation import Effect, Operation

Field = Mapping[str, Any]
Fields = Mapping[str, Field]
_FORMATS = {"date-time": "time", "uri": "URL"}
_TYPES = {
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "object": "JSON object",
    "string": "text",
}


@dataclass(frozen=True, slots=True)
class ListedTool:
    """One operation of this machine or of a remote server.

    Attributes:
        schema: JSON Schema of its arguments.
        noun: the noun it is about; empty for a remote server, which does not list it.
        route: its permission and REST route; empty for a remote server.
    """

    name: str
    description: str
    effect: Effect
    schema: Mapping[str, Any]
    noun: str = ""
    route: str = ""

    @property
    def title(self) -> str:
        """The description's first line without the full stop."""
        return self.description.partition("\n")[0].rstrip(".")

    @property
    def fields(self) -> Fields:
        """The arguments in the order of positional values."""
        found: Fields = self.schema.get("properties") or {}
        return found

    def is_required(self, name: str) -> bool:
        """Return whether a call without this field is refused."""
        return name in self.schema.get("required", ())


def local_tool(operation: Operation) -> ListedTool:
    """Return an operation of this process."""
    return ListedTool(
        name=operation.name,
        description=operation.description,
        effect=operation.effect,
        schema=operation.arguments.model_json_schema(),
        noun=operation.noun,
        route=f"{operation.permission} · {operation.method} /api{operation.path}",
    )


def variants(field: Field, schema: Mapping[str, Any]) -> list[Field]:
    """Return the schemas that a field accepts, with references resolved and null left out."""
    found = [
        _resolved(each, schema) for each in field.get("anyOf") or field.get("allOf") or [field]
    ]
    return [each for each in found if each.get("type") != "null"]


def choices(field: Field, schema: Mapping[str, Any]) -> list[str]:
    """Return the values that a field, or each item of it, is limited to; empty for any value."""
    for each in variants(field, schema):
        limited = each.get("enum") or (choices(each["items"], schema) if "items" in each else [])
        if limited:
            return [str(value) for value in limited]
    return []


def type_text(field: Field, schema: Mapping[str, Any]) -> str:
    """Return what a field accepts as people write it: “whole number”, “read | write”."""
    return " or ".join(dict.fromkeys(_type(each, schema) for each in variants(field, schema)))


def _type(field: Field, schema: Mapping[str, Any]) -> str:
    if field.get("type") == "array":
        return f"list of: {type_text(field.get('items') or {}, schema)}"
    limited = field.get("enum")
    if limited:
        return " | ".join(map(str, limited))
    return _FORMATS.get(field.get("format", ""), _TYPES.get(field.get("type", ""), "any value"))


def _resolved(field: Field, schema: Mapping[str, Any]) -> Field:
    _, _, name = field.get("$ref", "").rpartition("/")
    found: Field = schema.get("$defs", {}).get(name, field)
    return found
