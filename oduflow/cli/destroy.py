"""`oduflow destroy`: remove everything that this instance created."""

import sys
from pathlib import Path

import click

from oduflow import bootstrap
from oduflow.cli.failures import EXIT_CODES, exit_on_failure
from oduflow.cli.options import config_option
from oduflow.domain.errors import Kind
from oduflow.services.server.destroy import (
    destroy_everything,
    refuse_other_owner,
    refuse_while_working,
    remove_data_dir,
)
from oduflow.settings import load


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@config_option
def destroy(*, yes: bool, config: Path | None) -> None:
    """Remove the containers, networks, volumes, firewall rules and data of this instance.

    All environments and templates are lost. The configuration and the images are kept. The store
    is not read, so it may be damaged, or of a newer version.
    """
    with exit_on_failure():
        settings = load(config)
        instance = settings.server.instance
        if not yes:
            typed = click.prompt(f"All data of “{instance}” will be lost. Type its name to confirm")
            if typed != instance:
                click.echo("Nothing was removed.", err=True)
                sys.exit(EXIT_CODES[Kind.CANCELLED])
        services = bootstrap.build(settings)
        with services.server_lock.acquire("oduflow destroy"):
            naming, engine = services.deps.naming, services.deps.engine
            refuse_while_working(services.deps.work.locks)
            refuse_other_owner(naming, engine, services.networks)
            for line in destroy_everything(
                naming,
                engine,
                services.networks,
                services.firewall,
                services.deps.infrastructure.pools,
                services.store,
                services.recoverables,
            ):
                click.echo(line)
        for line in remove_data_dir(naming):
            click.echo(line)
