"""`oduflow images`: bring or build the images environments need."""

from pathlib import Path

import click

from oduflow import bootstrap
from oduflow.adapters.docker.build import build_image
from oduflow.cli.failures import told
from oduflow.cli.lines import say
from oduflow.cli.options import config_option, load_or_default
from oduflow.settings import Settings

DEFAULT_VERSION = "19.0"


@click.group()
def images() -> None:
    """Bring or build the images environments need."""


@images.command()
@config_option
def ensure(config: Path | None) -> None:
    """Use what is here, else pull, else build from Debian's packages."""
    with told():
        settings = load_or_default(config)
        services = bootstrap.build(settings)
        for reference in wanted(settings):
            services.deps.images.ensure(reference, say)
            click.echo(f"{reference} is here.")


@images.command()
@config_option
def build(config: Path | None) -> None:
    """Build both images from Debian's packages, about three minutes; needs root."""
    with told():
        odoo, postgres = wanted(load_or_default(config))
        build_image("odoo", odoo, say)
        build_image("postgres", postgres, say)


def wanted(settings: Settings) -> tuple[str, str]:
    """Return the references of Odoo's and PostgreSQL's image."""
    return settings.images.odoo.format(version=DEFAULT_VERSION), settings.images.postgres
