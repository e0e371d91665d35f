"""`oduflow doctor`: check every part that environments need."""

import sys
from pathlib import Path

import click

from oduflow import bootstrap
from oduflow.cli.failures import EXIT_CODES, exit_on_failure
from oduflow.cli.options import config_option
from oduflow.cli.terminal import echo
from oduflow.domain.errors import Kind
from oduflow.settings import load


@click.command()
@config_option
def doctor(config: Path | None) -> None:
    """Check every part that environments need, and say how to repair it."""
    with exit_on_failure():
        services = bootstrap.build(load(config))
        services.store.migrate()
        probe = services.probe
        findings = (*probe.findings(), *probe.databases(), probe.proxies(), *probe.leftovers())
    for finding in findings:
        echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.part}: {finding.message}")
        if finding.hint:
            echo(f"      → {finding.hint}")
    if not all(finding.ok for finding in findings):
        sys.exit(EXIT_CODES[Kind.UPSTREAM])
