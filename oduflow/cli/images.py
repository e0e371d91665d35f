"""`oduflow images`: list, pull or build the images that environments need."""

from pathlib import Path

import click

from oduflow import bootstrap
from oduflow.adapters.docker.build import (
    BROWSER,
    BROWSER_SUFFIX,
    build_image,
    recipes_made,
)
from oduflow.cli.failures import exit_on_failure
from oduflow.cli.options import config_option, load_or_default
from oduflow.cli.terminal import echo
from oduflow.domain.errors import Invalid
from oduflow.domain.odoo_version import DEFAULT_VERSION
from oduflow.services.images import image_of, repository_of, version_views
from oduflow.settings import Settings

_REFERENCES = click.argument("references", metavar="[IMAGE]...", nargs=-1)


@click.group(
    epilog=f"Only {recipes_made()} can be built: Debian packages no other version. "
    "Other versions are pulled from a registry."
)
def images() -> None:
    """List, pull or build the images that environments need."""


@images.command("list")
@config_option
def list_images(config: Path | None) -> None:
    """List the Odoo versions, and where the image of each comes from."""
    with exit_on_failure():
        settings = load_or_default(config)
        services = bootstrap.build(settings)
        for each in version_views(services.deps.engine.images, settings.images.odoo):
            click.echo(f"{each.version}  {each.image:24}  {each.source}")


@images.command()
@_REFERENCES
@config_option
def ensure(references: tuple[str, ...], config: Path | None) -> None:
    """Use each image that exists, else pull it, else build it.

    Without IMAGE: the default Odoo and PostgreSQL.
    """
    with exit_on_failure():
        settings = load_or_default(config)
        services = bootstrap.build(settings)
        for reference in references or image_references(settings):
            services.deps.engine.images.ensure(reference, echo)
            click.echo(f"{reference} is available.")


@images.command()
@_REFERENCES
@config_option
def build(references: tuple[str, ...], config: Path | None) -> None:
    """Build images from Debian's packages, such as odoo:14.0; needs root.

    Without IMAGE: the default Odoo and PostgreSQL. Each takes one to four minutes.
    odoo:19.0-browser is odoo:19.0 with a browser, in which run_tests runs tests that need one.
    """
    with exit_on_failure():
        settings = load_or_default(config)
        kinds = {each: _kind(settings, each) for each in references or image_references(settings)}
        for reference, kind in kinds.items():
            build_image(kind, reference, echo)
            click.echo(f"{reference} is available.")


def image_references(settings: Settings) -> tuple[str, str]:
    """Return the references of the Odoo image and the PostgreSQL image."""
    return image_of(settings.images.odoo, DEFAULT_VERSION), settings.images.postgres


def _kind(settings: Settings, reference: str) -> str:
    """Return the recipe for an image of a configured repository, or one named like Docker Hub's."""
    if reference.endswith(BROWSER_SUFFIX):
        return BROWSER
    repository = repository_of(reference)
    for kind, configured in zip(("odoo", "postgres"), image_references(settings), strict=True):
        if repository in {kind, repository_of(configured)}:
            return kind
    raise Invalid(
        f"{reference} is neither an Odoo nor a PostgreSQL image of the configuration.",
        f"Only {recipes_made()} can be built.",
    )
