"""The command line: `oduflow COMMAND`."""

import gc
from importlib import import_module

import click

from oduflow import __version__
from oduflow.cli.commands import COMMANDS, MODULES, SHORTCUTS
from oduflow.domain.masking import redact


class _Commands(click.Group):
    """Loads a command from the module of its name when it is called: loading all takes seconds.

    An unknown command is named in the error, with secrets redacted.
    """

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the commands' names in the order of the help."""
        return [*SHORTCUTS, *COMMANDS]

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in {*SHORTCUTS, *COMMANDS}:
            return None
        gc.disable()  # garbage collection while importing takes a third of the time
        try:
            if cmd_name in SHORTCUTS:
                module = import_module("oduflow.cli.shortcuts")
                command: click.Command = module.shortcut(cmd_name)
            else:
                name = MODULES.get(cmd_name, cmd_name)
                command = getattr(import_module(f"oduflow.cli.{name}"), name)
        finally:
            gc.freeze()
            gc.enable()
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the tables of commands without loading their modules."""
        with formatter.section("Environments"):
            formatter.write_dl([(name, each.help) for name, each in SHORTCUTS.items()])
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
