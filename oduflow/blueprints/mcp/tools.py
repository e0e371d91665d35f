"""Operations as MCP tools."""

from collections.abc import Iterable, Mapping
from typing import Any

from mcp import types

from oduflow.blueprints.mcp.schemas import Schema, Shape, input_schema, output_schema
from oduflow.domain.access import Actor, Scope
from oduflow.kernel.operation import Effect, Operation
from oduflow.kernel.registry import Registry

TARGET = "name"  # the argument that says which environment


def tool_of(operation: Operation, *, implied: bool = False) -> types.Tool:
    """Describe an operation as a tool; all four hints are said, none is left to a default.

    Args:
        operation: the one to describe.
        implied: whether it is known which environment a call is about.

    The title is the name in words: the description begins with the docstring's first line, and
    saying it twice would cost a tenth of the list.
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
    """The tools of one server, derived once.

    Args:
        operations: what there is to do.
        implied: whether the server's path says which environment its calls are about.
    """

    def __init__(self, operations: Registry, *, implied: bool = False) -> None:
        self._operations: Mapping[str, Operation] = {found.name: found for found in operations}
        self._tools = {
            name: tool_of(found, implied=implied) for name, found in self._operations.items()
        }
        self._shapes = {name: Shape(found.envelope) for name, found in self._operations.items()}

    def visible(self, actor: Actor) -> tuple[str, ...]:
        """Name the tools that the actor may call, in alphabetical order."""
        return tuple(
            name
            for name, operation in self._operations.items()
            if actor.may(operation.permission) and actor.covers(operation.scope)
        )

    def listed(self, names: Iterable[str]) -> list[types.Tool]:
        """Return the tools of those names."""
        return [self._tools[name] for name in names]

    def operation(self, name: str) -> Operation | None:
        """Return the operation behind a tool, if there is one."""
        return self._operations.get(name)

    def shape(self, name: str) -> Shape:
        """Return the shape of a tool's answers."""
        return self._shapes[name]

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        """Return a tool's input schema, so that a call need not run the whole list."""
        tool = self._tools.get(name)
        return None if tool is None else tool.input_schema
