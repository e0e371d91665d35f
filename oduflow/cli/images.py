"""`oduflow images`: pull or build the images that environments need."""

from pathlib import Path

import click

from oduflow import bootstrap
from oduflow.adapters.docker.build import build_image
from oduflow.cli.failures import exit_on_failure
from oduflow.cli.options import config_option, load_or_default
from oduflow.cli.terminal import echo
from oduflow.settings import Settings

DEFAULT_VERSION = "19.0"


@click.group()
def images() -> None:
    """Pull or build the images that environments need."""


@images.command()
@config_option
def ensure(config: Path | None) -> None:
    """Use each image that exists, else pull it, else build it from Debian's packages."""
    with exit_on_failure():
        settings = load_or_default(config)
        services = bootstrap.build(settings)
        for reference in image_references(settings):
            services.deps.engine.images.ensure(reference, echo)
            click.echo(f"{reference} is available.")


@images.command()
@config_option
def build(config: Path | None) -> None:
    """Build both images from Debian's packages; takes about three minutes and needs root."""
    with exit_on_failure():
        odoo, postgres = image_references(load_or_default(config))
        build_image("odoo", odoo, echo)
        build_image("postgres", postgres, echo)


def image_references(settings: Settings) -> tuple[str, str]:
    """Return the references of the Odoo image and the PostgreSQL image."""
    return settings.images.odoo.format(version=DEFAULT_VERSION), settings.images.postgres
