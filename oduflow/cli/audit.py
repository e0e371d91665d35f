"""`oduflow audit`: whether the audit trail is what was written."""

from pathlib import Path

import click

from oduflow import bootstrap
from oduflow.cli.failures import told
from oduflow.cli.lines import say
from oduflow.cli.options import config_option
from oduflow.domain.errors import Conflict
from oduflow.settings import load


@click.group()
def audit() -> None:
    """Check the audit trail."""


@audit.command()
@click.option(
    "--from",
    "start",
    type=click.IntRange(min=1),
    default=1,
    metavar="NUMBER",
    help="First row to look at; what is before it is believed.",
)
@config_option
def verify(start: int, config: Path | None) -> None:
    """Find rows that were edited, deleted, moved, forged or cut off; the first comes first.

    Every row is sealed with a key that is not in the store and names the row before it. The head
    file and the daily checkpoints beside the store say where the trail ends.
    """
    with told():
        services = bootstrap.build(load(config))
        services.store.migrate()
        verdict = services.deps.audit.verify(start)
        for finding in verdict.findings[1:]:
            say(f"also: {finding.message}", err=True)
        if verdict.findings:
            raise Conflict(
                f"The audit trail is not what was written. {verdict.findings[0].message}",
                "Keep a copy of the data folder and find out why; once that is known, --from with "
                "a later number looks at what came after.",
            )
    seen = f"{verdict.rows} rows, the last is {verdict.last}" if verdict.rows else "no rows yet"
    click.echo(f"ok: {seen}; {verdict.checkpoints} checkpoints.")
