"""`oduflow tools`: list the operations of this machine or of a remote server."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from oduflow import bootstrap
from oduflow.cli.failures import exit_on_failure
from oduflow.cli.options import (
    config_option,
    remote_target,
    team_option,
    token_file_option,
    url_option,
)
from oduflow.cli.schemas import Field, ListedTool, local_tool, type_text
from oduflow.cli.tables import print_table
from oduflow.cli.terminal import echo, strip_control_characters
from oduflow.kernel.registry import Registry


@click.command()
@click.argument("tool", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, with their schemas.")
@url_option
@token_file_option
@team_option
@config_option
def tools(
    tool: str | None,
    *,
    as_json: bool,
    url: str | None,
    token_file: Path | None,
    team: str | None,
    config: Path | None,
) -> None:
    """List the operations by what they are about, or show one operation with its fields.

    With --url: the operations of that server that your token may call.
    """
    with exit_on_failure():
        server = remote_target(url, token_file, team, config)
        if server is not None:
            found = server.tools() if tool is None else [server.tool(tool)]
        else:  # no team is needed: all users of this machine see the same operations
            registry = Registry.discover(bootstrap.OPERATIONS)
            found = [
                local_tool(each) for each in (registry if tool is None else [registry.get(tool)])
            ]
        if as_json:
            click.echo(json.dumps([_as_json(each) for each in found], indent=2))
        elif tool is None:
            _print_all(found)
        else:
            print_tool(found[0], f"oduflow call {found[0].name}")


def print_tool(found: ListedTool, command: str) -> None:
    """Print an operation with its fields in the order of positional arguments.

    `command` is what a person types before the fields.
    """
    fields = [name if found.is_required(name) else f"[{name}]" for name in found.fields]
    echo(f"Usage: {' '.join([command, *fields])}\n")
    echo(f"{found.description}\n")
    echo(" · ".join(filter(None, (f"effect {found.effect}", found.route))))
    for name, field in found.fields.items():
        echo(f"\n  {name} ({_need(found, name, field)})\n    {field.get('description', '')}")


def print_help(found: ListedTool, command: str) -> None:
    """Print an operation, and the options of the command that runs it."""
    print_tool(found, command)
    context = click.get_current_context()
    formatter = context.make_formatter()
    context.command.format_options(context, formatter)
    click.echo(f"\n{formatter.getvalue().rstrip()}")


def _need(found: ListedTool, name: str, field: Field) -> str:
    """Return type, and whether a value is required or which is the default, in JSON's words."""
    kind = type_text(field, found.schema)
    if found.is_required(name):
        return f"{kind}, required"
    default = field.get("default")
    shown = "optional" if default in (None, [], {}, "") else f"default {_json(default)}"
    return f"{kind}, {shown}"


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_json(found: ListedTool) -> dict[str, Any]:
    return {
        "name": found.name,
        "effect": found.effect,
        "description": found.description,
        "arguments": found.schema,
    }


def _print_all(found: Iterable[ListedTool]) -> None:
    """Print one line an operation, in the order of what they are about."""
    rows = [
        (each.name, each.effect, each.noun.replace("_", " "), each.title)
        for each in sorted(found, key=lambda each: (each.noun, each.name))
    ]
    columns = ["tool", "effect", "about", "what it does"]
    print_table(
        Console(),
        columns,
        [[Text(strip_control_characters(cell)) for cell in row] for row in rows],
    )
