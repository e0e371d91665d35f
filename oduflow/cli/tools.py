"""`oduflow tools`: what can be called."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from oduflow import bootstrap
from oduflow.cli.failures import told
from oduflow.cli.options import config_option, team_option
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry


@click.command(short_help="List the operations, or show one.")
@click.argument("tool", required=False)
@team_option
@config_option
def tools(tool: str | None, team: str | None, config: Path | None) -> None:
    """List the operations, or show one with its fields."""
    del team, config  # the operations are the same for everyone who may use this machine
    with told():
        registry = Registry.discover(bootstrap.OPERATIONS)
        if tool is None:
            _list(registry)
        else:
            _show(registry.get(tool))


def _list(registry: Registry) -> None:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("tool", "effect", "what it does"):
        table.add_column(column)
    for operation in registry:
        table.add_row(operation.name, operation.effect, operation.title)
    Console().print(table)


def _show(operation: Operation) -> None:
    click.echo(f"{operation.name}: {operation.description}\n")
    click.echo(f"effect {operation.effect} · {operation.permission} · {_rest(operation)}")
    for name, field in operation.arguments.model_fields.items():
        need = "required" if field.is_required() else f"default {field.default!r}"
        click.echo(f"\n  {name} ({need})\n    {field.description}")


def _rest(operation: Operation) -> str:
    return f"{operation.method} /api{operation.path}"
