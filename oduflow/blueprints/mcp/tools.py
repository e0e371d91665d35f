"""Operations as MCP tools, with compact JSON Schemas and results without superfluous nulls.

An agent reads the whole list of tools before its first call, so its size matters: a test limits it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mcp import types
from pydantic import BaseModel

from oduflow.domain.access import Actor, Scope
from oduflow.kernel.coercion import schema_of
from oduflow.kernel.operation import Effect, Operation, Profile
from oduflow.kernel.registry import Registry, closest_operation

Schema = dict[str, Any]

TARGET = "name"  # the argument that names the environment
# Left out of the list of tools: the runner checks the lengths and names them in its message.
_LEFT_OUT = {
    *("title", "$defs", "examples"),
    *("minLength", "maxLength", "minItems", "maxItems", "pattern"),
}
_ANY_DATA: Schema = {"type": "object"}
_UNBOUNDED = 1_000_000
_WORDS = {
    "auth": "credential",
    "github": "GitHub",
    "http": "HTTP",
    "odoo": "Odoo",
    "repo": "repository",
    "setup": "set up",
    "sql": "SQL",
}


def input_schema(model: type[BaseModel]) -> Schema:
    """Return the schema of a call's arguments: types, descriptions, defaults, bounds, choices."""
    full = dict(schema_of(model))
    schema = _compact(full, full.get("$defs", {}))
    schema.pop("description", None)  # of the model, not of the call
    # Some clients' models refuse a list with a schema that has no properties.
    return {"properties": {}} | schema


def output_schema(envelope: type[BaseModel]) -> Schema:
    """Return the schema of an answer's data: its keys with their types.

    The envelope around it is the same for every tool; the server's instructions describe it.
    """
    full = dict(schema_of(envelope))
    defs = full.get("$defs", {})
    data = _resolve(full["properties"]["data"], defs)
    required = data.get("required", ())
    if not data.get("properties"):
        return {"type": "object"}
    fields = {
        name: _typed(field, defs, nullable=name in required)
        for name, field in data["properties"].items()
    }
    return {
        "type": "object",
        "properties": {"data": {"type": "object", "properties": fields}},
        "additionalProperties": True,  # else FastMCP's client drops the rest of the envelope
    }


class Shape:
    """The full schema of an operation's answers, used to drop superfluous nulls."""

    def __init__(self, envelope: type[BaseModel]) -> None:
        self._schema = dict(schema_of(envelope))
        self._defs: Mapping[str, Schema] = self._schema.get("$defs", {})

    def lean(self, answer: BaseModel) -> Schema:
        """Return an answer as JSON types, without the nulls that its schema does not require."""
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
    """Return the schema behind a reference, or behind “or null”."""
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolve(choice, defs)
    if "$ref" in schema:
        return _resolve(_target(schema, defs), defs)
    return schema


def _typed(schema: Schema, defs: Mapping[str, Schema], *, nullable: bool) -> Schema:
    """Return only the type of a value in an answer; a null that is not required is left out."""
    types = [_resolve(each, defs).get("type") for each in schema.get("anyOf", [schema])]
    known = [each for each in types if each is not None and (nullable or each != "null")]
    return {"type": known[0] if len(known) == 1 else known} if known else {}


def _target(schema: Schema, defs: Mapping[str, Schema]) -> Schema:
    return defs[schema["$ref"].rpartition("/")[2]]


def _compact(schema: Schema, defs: Mapping[str, Schema]) -> Schema:
    """Return the schema with references inlined and without the keys in `_LEFT_OUT`."""
    compact: Schema = {}
    for key, value in _inlined(schema, defs).items():
        if key in _LEFT_OUT or (key == "default" and value in (None, False, [])):
            continue
        if key == "maximum" and value >= _UNBOUNDED:
            continue
        if key == "additionalProperties" and value is False:  # the runner names each unknown field
            continue
        if key == "properties":
            compact[key] = {name: _field(name, field, defs) for name, field in value.items()}
        elif isinstance(value, dict) and key in {"items", "additionalProperties"}:
            compact[key] = _compact(value, defs)
        elif key in {"anyOf", "oneOf"}:
            compact[key] = [_compact(choice, defs) for choice in value]
        else:
            compact[key] = value
    return {key: value for key, value in compact.items() if value != {}}


def _field(name: str, schema: Schema, defs: Mapping[str, Schema]) -> Schema:
    """Return a field's schema, without a description that only repeats its name."""
    compact, words = _compact(schema, defs), name.replace("_", " ")
    repeated = rf"((Its )?{words}|{words} of the [a-z ]+)\."
    if re.fullmatch(repeated, compact.get("description", ""), re.IGNORECASE):
        del compact["description"]
    return compact


def _inlined(schema: Schema, defs: Mapping[str, Schema]) -> Schema:
    """Return the schema with the target of its reference in place of the reference.

    An “or null” whose default is null becomes its other type: leaving the field out means null.
    """
    own = {key: value for key, value in schema.items() if key not in {"$ref", "anyOf"}}
    if "$ref" in schema:
        target = _inlined(_target(schema, defs), defs)
        target.pop("description", None)  # of the model; the field has its own
        return {**target, **own}
    choices: list[Schema] = schema.get("anyOf", [])
    real = [choice for choice in choices if choice.get("type") != "null"]
    if len(real) == 1 and schema.get("default", ...) is None:
        return {**_inlined(real[0], defs), **own}
    return {**own, "anyOf": choices} if choices else own


def tool_of(operation: Operation, *, implied: bool = False) -> types.Tool:
    """Return an operation as a tool, with all four hints set explicitly.

    The title is the operation's name in words, not the docstring's first line: the description
    begins with that, and repeating it would make the list a tenth longer.

    With `implied`, the server's path names the environment.
    """
    schema = input_schema(operation.arguments)
    drops = implied and operation.scope is Scope.ENVIRONMENT
    return types.Tool(
        name=operation.name,
        title=title_of(operation.name),
        description=operation.description,
        input_schema=_without_target(schema) if drops else schema,
        output_schema=output_schema(operation.envelope),
        annotations=types.ToolAnnotations(
            read_only_hint=operation.effect is Effect.READ,
            destructive_hint=operation.effect is Effect.DESTROY,
            idempotent_hint=operation.idempotent,
            open_world_hint=operation.open_world,
        ),
    )


def title_of(name: str) -> str:
    """Return a tool's name in words, such as “Set up repository credential”."""
    words = " ".join(_WORDS.get(word, word) for word in name.split("_"))
    return words[0].upper() + words[1:]


def _without_target(schema: Schema) -> Schema:
    fields = {name: field for name, field in schema["properties"].items() if name != TARGET}
    required = [name for name in schema.get("required", ()) if name != TARGET]
    rest = {key: value for key, value in schema.items() if key != "required"}
    return {**rest, "properties": fields} | ({"required": required} if required else {})


def _typed_by_view(operations: Iterable[Operation]) -> set[str]:
    """Return for each view the tool whose schema describes it: one that reads, if there is one.

    Ten tools answer with an environment; describing it in each would make the list a sixth longer.
    """
    first: dict[type[BaseModel], Operation] = {}
    for found in operations:
        known = first.setdefault(found.result, found)
        if known.effect is not Effect.READ and found.effect is Effect.READ:
            first[found.result] = found
    return {found.name for found in first.values()}


class Tools:
    """The tools of one server, derived once from the registry.

    With `implied`, the server's path names the environment.
    """

    def __init__(self, operations: Registry, *, implied: bool = False) -> None:
        self._operations: Mapping[str, Operation] = {found.name: found for found in operations}
        self._tools = {
            name: tool_of(found, implied=implied) for name, found in self._operations.items()
        }
        self._shapes = {name: Shape(found.envelope) for name, found in self._operations.items()}

    def visible(self, actor: Actor, profile: Profile | None = None) -> tuple[str, ...]:
        """Return the tools that the actor may call, of a profile only, in alphabetical order."""
        return tuple(
            name
            for name, operation in self._operations.items()
            if actor.may(operation.permission)
            and actor.allows_scopes(operation.scopes)
            and (profile is None or profile in operation.profiles)
        )

    def listed(self, actor: Actor, profile: Profile | None = None) -> list[types.Tool]:
        """Return the tools that the actor may call, of a profile only, in alphabetical order.

        One of the tools that the actor may call describes the data of each view: the one that does
        for a whole team may be none of a grant's. A profile's list is to be short: the description
        of a view that it lacks is in the list without a profile.
        """
        callable_ = (self._operations[name] for name in self.visible(actor))
        typed = _typed_by_view(callable_)
        return [
            self._tools[name]
            if name in typed
            else self._tools[name].model_copy(update={"output_schema": _ANY_DATA})
            for name in self.visible(actor, profile)
        ]

    def operation(self, name: str) -> Operation | None:
        """Return the operation of a tool, or None."""
        return self._operations.get(name)

    def closest(self, name: str, actor: Actor) -> str:
        """Return the tool that a misspelled name means, empty if the actor may not call it."""
        effects = {each: found.effect for each, found in self._operations.items()}
        return closest_operation(name, effects, self.visible(actor))

    def shape(self, name: str) -> Shape:
        """Return the schema of a tool's answers."""
        return self._shapes[name]

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        """Return a tool's input schema, or None; the SDK asks for it with each call."""
        tool = self._tools.get(name)
        return None if tool is None else tool.input_schema
