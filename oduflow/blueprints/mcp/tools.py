"""Operations as MCP tools."""

from collections.abc import Iterable, Mapping
from typing import Any

from mcp import types

from oduflow.blueprints.mcp.schemas import Schema, Shape, input_schema, output_schema
from oduflow.domain.access import Actor, Scope
from oduflow.kernel.operation import Effect, Operation
from oduflow.kernel.registry import Registry

TARGET = "name"  # the argument that names the environment


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
        title=operation.name.replace("_", " ").capitalize(),
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


def _without_target(schema: Schema) -> Schema:
    fields = {name: field for name, field in schema["properties"].items() if name != TARGET}
    required = [name for name in schema["required"] if name != TARGET]
    rest = {key: value for key, value in schema.items() if key != "required"}
    return {**rest, "properties": fields} | ({"required": required} if required else {})


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

    def visible(self, actor: Actor) -> tuple[str, ...]:
        """Return the names of the tools that the actor may call, in alphabetical order."""
        return tuple(
            name
            for name, operation in self._operations.items()
            if actor.may(operation.permission) and actor.allows_scope(operation.scope)
        )

    def listed(self, names: Iterable[str]) -> list[types.Tool]:
        """Return the tools of these names."""
        return [self._tools[name] for name in names]

    def operation(self, name: str) -> Operation | None:
        """Return the operation of a tool, or None."""
        return self._operations.get(name)

    def shape(self, name: str) -> Shape:
        """Return the schema of a tool's answers."""
        return self._shapes[name]

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        """Return a tool's input schema, or None; the SDK asks for it with each call."""
        tool = self._tools.get(name)
        return None if tool is None else tool.input_schema
