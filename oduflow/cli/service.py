"""`oduflow service`: run the server as a systemd service."""

import sys
from pathlib import Path

import click

from oduflow.adapters.systemd import SystemdService
from oduflow.cli.failures import exit_on_failure
from oduflow.cli.options import config_option, load_or_write
from oduflow.settings import load


@click.group()
def service() -> None:
    """Run the server as a systemd service."""


@service.command()
@config_option
def install(config: Path | None) -> None:
    """Write the unit, start the server now and at every boot.

    Without a configuration file it writes one with new secrets. Run it again after moving the
    program or the configuration.
    """
    with exit_on_failure():
        unit = _service(config)
        unit.install()
        click.echo(f"{unit.name} runs, and starts with the machine.")
        click.echo(f"Log:   journalctl -fu {unit.name}")
        click.echo(f"Check: oduflow doctor --config {unit.config}")


@service.command()
@config_option
def show(config: Path | None) -> None:
    """Print the unit; changes nothing."""
    with exit_on_failure():
        click.echo(_service(config, write=False).unit(), nl=False)


@service.command()
@config_option
def uninstall(config: Path | None) -> None:
    """Stop the server and remove the unit; environments, data and configuration are kept."""
    with exit_on_failure():
        unit = _service(config, write=False)
        removed = unit.remove()
        click.echo(f"{unit.name} is removed." if removed else f"There is no {unit.name}.")


def _service(config: Path | None, *, write: bool = True) -> SystemdService:
    settings = load_or_write(config) if write else load(config)
    program = Path(sys.executable).parent / "oduflow"
    source = settings.source or Path("oduflow.toml")
    return SystemdService(settings.server.instance, program, source.absolute())
