"""`oduflow audit`: verify the audit trail."""

from pathlib import Path

import click

from oduflow import bootstrap
from oduflow.cli.failures import exit_on_failure
from oduflow.cli.options import config_option
from oduflow.cli.terminal import echo
from oduflow.domain.counting import counted
from oduflow.domain.errors import Conflict, Invalid
from oduflow.settings import load


@click.group()
def audit() -> None:
    """Verify the audit trail."""


@audit.command()
@click.option(
    "--from",
    "start",
    type=click.IntRange(min=1),
    default=1,
    metavar="NUMBER",
    help="The first row to check; earlier rows are trusted.",
)
@config_option
def verify(start: int, config: Path | None) -> None:
    """Find rows that were edited, deleted, moved, forged or cut off.

    Every row is sealed with a key that is not in the store, and the seal covers the seal of the row
    before it. The head file and the daily checkpoints beside the store record the last row.
    """
    with exit_on_failure():
        services = bootstrap.build(load(config))
        services.store.migrate()
        verdict = services.deps.store.audit.verify(start)
        for finding in verdict.findings[1:]:
            echo(f"also: {finding.message}", err=True)
        if verdict.findings:
            raise Conflict(
                f"The audit trail is not what was written. {verdict.findings[0].message}",
                "Copy the data folder and find the cause. --from can then check the rows after it.",
            )
        if not verdict.rows and start > 1:
            raise Invalid(
                f"The audit trail has no row {start} or later; nothing was checked.",
                "Name an earlier row, or leave --from out to check every row.",
            )
    if not verdict.rows:
        click.echo("The audit trail has no rows yet; nothing was checked.")
        return
    rows = f"{counted(verdict.rows, 'row')}, the last is {verdict.last}"
    click.echo(f"ok: {rows}; {counted(verdict.checkpoints, 'checkpoint')}.")
