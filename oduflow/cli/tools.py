"""`oduflow tools`: list the operations of this machine or of a remote server."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from oduflow import bootstrap
from oduflow.cli.arguments import fields_of
from oduflow.cli.failures import exit_on_failure
from oduflow.cli.options import (
    config_option,
    remote_target,
    team_option,
    token_file_option,
    url_option,
)
from oduflow.cli.render import print_table
from oduflow.cli.terminal import echo, strip_control_characters
from oduflow.kernel.operation import Effect, Operation
from oduflow.kernel.registry import Registry


@dataclass(frozen=True, slots=True)
class ListedTool:
    """One operation as `oduflow tools` prints it.

    Attributes:
        schema: JSON Schema of its arguments.
        route: its permission and REST route; empty for a remote server, which does not list them.
    """

    name: str
    description: str
    effect: Effect
    schema: Mapping[str, Any]
    route: str = ""

    @property
    def title(self) -> str:
        """The description's first line without the full stop."""
        return self.description.partition("\n")[0].rstrip(".")


@click.command()
@click.argument("tool", required=False)
@url_option
@token_file_option
@team_option
@config_option
def tools(
    tool: str | None,
    url: str | None,
    token_file: Path | None,
    team: str | None,
    config: Path | None,
) -> None:
    """List the operations, or show one operation with its fields.

    With --url: the operations of that server that your token may call.
    """
    with exit_on_failure():
        server = remote_target(url, token_file, team, config)
        if server is not None:
            found = [
                ListedTool(
                    each.name, each.description or "", server.effect_of(each), each.input_schema
                )
                for each in (server.tools() if tool is None else [server.tool(tool)])
            ]
        else:  # no team is needed: all users of this machine see the same operations
            registry = Registry.discover(bootstrap.OPERATIONS)
            found = [_local(each) for each in (registry if tool is None else [registry.get(tool)])]
        if tool is None:
            _print_all(found)
        else:
            _print_one(*found)


def _local(operation: Operation) -> ListedTool:
    return ListedTool(
        name=operation.name,
        description=operation.description,
        effect=operation.effect,
        schema=operation.arguments.model_json_schema(),
        route=f"{operation.permission} · {operation.method} /api{operation.path}",
    )


def _print_all(found: Iterable[ListedTool]) -> None:
    """Print one line an operation."""
    rows = [
        [Text(strip_control_characters(cell)) for cell in (each.name, each.effect, each.title)]
        for each in found
    ]
    print_table(Console(), ("tool", "effect", "what it does"), rows)


def _print_one(found: ListedTool) -> None:
    """Print an operation with its fields in the order of positional arguments."""
    echo(f"{found.name}: {found.description}\n")
    echo(" · ".join(filter(None, (f"effect {found.effect}", found.route))))
    required = found.schema.get("required", ())
    for name, field in fields_of(found.schema).items():
        need = "required" if name in required else f"default {field.get('default')!r}"
        echo(f"\n  {name} ({need})\n    {field.get('description', '')}")
