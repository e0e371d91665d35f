"""The command line: `oduflow COMMAND`."""

import gc
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click

from oduflow import __version__
from oduflow.domain.masking import redact

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "serve": "Run the server in the foreground.",
        "quickstart": "Install what is missing, serve, and create a first environment.",
        "call": "Run one operation: oduflow call TOOL [ARGS].",
        "tools": "List the operations, or show one.",
        "doctor": "Check every part that environments need.",
        "images": "Pull or build the images that environments need.",
        "audit": "Verify the audit trail.",
        "destroy": "Remove everything that this instance created.",
    }
)


class _Commands(click.Group):
    """Loads a command from the module of its name when it is called: loading all takes seconds.

    An unknown command is named in the error, with secrets redacted.
    """

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the commands' names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        gc.disable()  # garbage collection while importing takes a third of the time
        try:
            module = import_module(f"oduflow.cli.{cmd_name}")
        finally:
            gc.freeze()
            gc.enable()
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without loading their modules."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments begin with."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as wrong:
            raise click.UsageError(redact(wrong.message), wrong.ctx) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="oduflow", prog_name="oduflow")
def cli() -> None:
    """Every git branch gets its own disposable, real Odoo."""
