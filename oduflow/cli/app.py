"""The command line: `oduflow COMMAND`."""

import click

from oduflow import __version__
from oduflow.cli.audit import audit
from oduflow.cli.call import call
from oduflow.cli.destroy import destroy
from oduflow.cli.doctor import doctor
from oduflow.cli.images import images
from oduflow.cli.quickstart import quickstart
from oduflow.cli.serve import serve
from oduflow.cli.tools import tools
from oduflow.domain.masking import redact


class _Commands(click.Group):
    """Says which word is no command, but never a token that stands in its place."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the words begin with."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as wrong:
            raise click.UsageError(redact(wrong.message), wrong.ctx) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="oduflow", prog_name="oduflow")
def cli() -> None:
    """Every git branch gets its own disposable, real Odoo."""


for command in (serve, quickstart, call, tools, doctor, images, audit, destroy):
    cli.add_command(command)
