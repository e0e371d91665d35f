"""`oduflow tools`: what can be called, here or at a server elsewhere."""

from pathlib import Path

import click

from oduflow import bootstrap
from oduflow.cli.failures import told
from oduflow.cli.listing import Listed, show_all, show_one
from oduflow.cli.options import config_option, team_option
from oduflow.cli.remote.listing import listed
from oduflow.cli.remote.options import elsewhere, token_file_option, url_option
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry


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
    """List the operations, or show one with its fields.

    With --url, those that your token may call there.
    """
    with told():
        server = elsewhere(url, token_file, team, config)
        if server is not None:
            found = map(listed, server.tools() if tool is None else [server.tool(tool)])
        else:  # the same for everyone who may use this machine
            registry = Registry.discover(bootstrap.OPERATIONS)
            found = map(_declared, registry if tool is None else [registry.get(tool)])
        if tool is None:
            show_all(found)
        else:
            show_one(*found)


def _declared(operation: Operation) -> Listed:
    return Listed(
        name=operation.name,
        description=operation.description,
        effect=operation.effect,
        schema=operation.arguments.model_json_schema(),
        about=f"{operation.permission} · {operation.method} /api{operation.path}",
    )
