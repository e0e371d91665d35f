"""`oduflow call`: run one operation in this process or on a remote server."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from oduflow.cli.arguments import read_arguments
from oduflow.cli.caller import CallOptions, OperationCaller, call_options
from oduflow.cli.completion import OperationCommand, complete_arguments, complete_tool
from oduflow.cli.failures import Interrupted, exit_on_failure, failed_envelope
from oduflow.cli.pictures import save_picture
from oduflow.cli.render import print_result, progress
from oduflow.cli.schemas import ListedTool
from oduflow.cli.tools import print_help
from oduflow.domain.errors import Cancelled, Failure
from oduflow.domain.outcome import Envelope
from oduflow.kernel.operation import Effect

HELP = frozenset({"--help", "-h"})


@click.command(
    cls=OperationCommand,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True},
    add_help_option=False,
)
@click.argument("tool", required=False, shell_complete=complete_tool)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, shell_complete=complete_arguments)
@call_options
@click.option("--help", "-h", "wants_help", is_flag=True, help="Show this, or the help of TOOL.")
@click.pass_context
def call(
    context: click.Context,
    /,
    tool: str | None,
    arguments: tuple[str, ...],
    *,
    wants_help: bool,
    **options: Any,
) -> None:
    """Run one operation in this process, or on the server of --url, and wait for its result.

    ARGUMENTS are positional in the order that `oduflow call TOOL --help` shows, or `--field value`,
    or `field=value`, or one JSON object; `-` reads a value from stdin. Separate the
    values of a list with commas, or repeat its option.

    \b
      oduflow call list_environments
      oduflow call create_environment shop https://github.com/acme/shop.git main
      oduflow call get_environment_logs shop --level error --lines 50
      oduflow call setup_repo_auth -
      oduflow call list_environments --url https://oduflow.example.com
    """  # noqa: D301 - click looks for the backspace itself
    if tool is None and not wants_help:
        raise click.MissingParameter(ctx=context, param_hint="TOOL", param_type="argument")
    if tool is None:
        click.echo(context.get_help())
        return
    with exit_on_failure():
        chosen = CallOptions(**options)
        if wants_help:
            print_help(chosen.described(tool), f"oduflow call {tool}")
            return
        caller = chosen.caller()
        answer = run_operation(caller, tool, arguments, yes=chosen.yes)
        if not chosen.as_json:
            save_picture(caller, answer)
        sys.exit(print_result(answer, as_json=chosen.as_json, options=chosen.repeated))


def run_operation(
    caller: OperationCaller, name: str, words: Sequence[str], *, yes: bool
) -> Envelope[Any]:
    """Run one operation with the words of a command line, and return its envelope.

    Before a deletion it asks for a confirmation if a person is at the terminal, unless `yes`.

    Raises:
        Interrupted: Ctrl-C.
    """
    try:
        tool = caller.tool(name)
        raw = read_arguments(name, tool.fields, words, caller.options)
        if tool.effect is Effect.DESTROY and not yes:
            _confirm(tool, raw.get("name"))
        with progress(name) as show:  # after the prompts, which its line would overwrite
            return caller.call(tool, raw, show)
    except Failure as failure:
        return failed_envelope(failure)
    except KeyboardInterrupt:
        raise Interrupted from None


def is_interactive() -> bool:
    """Return whether a person types the input."""
    return sys.stdin.isatty()


def _confirm(tool: ListedTool, target: object) -> None:
    """Ask a person whether to delete; a script is not asked."""
    if not is_interactive():
        return
    about = f" {target}" if target else ""
    if not click.confirm(f"{tool.name}{about}: this cannot be undone. Continue?", err=True):
        raise Cancelled("Nothing was deleted.")
