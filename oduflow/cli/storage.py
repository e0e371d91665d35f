"""`oduflow storage`: the pool in which environments share blocks with their template."""

import sys
from pathlib import Path

import click

from oduflow import bootstrap
from oduflow.cli.failures import EXIT_CODES, exit_on_failure
from oduflow.cli.options import config_option
from oduflow.cli.terminal import echo
from oduflow.domain.errors import Kind
from oduflow.domain.storage import CloneState
from oduflow.services.storage import set_up_storage
from oduflow.settings import load


@click.group()
def storage() -> None:
    """Make the pool, in which environments share blocks with templates."""


@storage.command()
@config_option
def setup(config: Path | None) -> None:
    """Make, mount and check the pool; the server may run.

    Where the data folder's file system has no reflinks, this makes an XFS image of 4 GiB in the
    data folder. It grows while it is used, and the server mounts it when it starts. Templates,
    environments and databases that exist stay where they are; new ones are made in the pool.
    """
    with exit_on_failure():
        services = bootstrap.build(load(config))
        _show(set_up_storage(services.deps, lambda line: echo(line, err=True)))


@storage.command()
@config_option
def show(config: Path | None) -> None:
    """Say how environments are cloned on this machine, and why; changes nothing."""
    with exit_on_failure():
        state = bootstrap.build(load(config)).deps.infrastructure.pool.state()
        _show(state)
        if not state.ok:
            sys.exit(EXIT_CODES[Kind.CONFLICT])


def _show(state: CloneState) -> None:
    echo(f"clone: {state.text}")
    if state.hint:
        echo(f"  → {state.hint}")
