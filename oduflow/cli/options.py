"""Options that several commands share."""

from pathlib import Path

import click

from oduflow.domain.errors import Invalid
from oduflow.domain.masking import redact
from oduflow.settings import NoSettings, Settings, load, write_fresh

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Configuration file; else $ODUFLOW_CONFIG, ./oduflow.toml, /etc/oduflow/oduflow.toml.",
)
team_option = click.option("--team", "team", help="The team to act for, if there are several.")


def load_or_write(config: Path | None) -> Settings:
    """Load the configuration; without one, write one with new secrets (0600)."""
    try:
        return load(config)
    except NoSettings as missing:
        path = missing.searched[0]
        settings = write_fresh(path)
        click.echo(f"Wrote {path} with new secrets, readable only by you.", err=True)
        return settings


def load_or_default(config: Path | None) -> Settings:
    """Load the configuration, or return the defaults when there is no file."""
    try:
        return load(config)
    except NoSettings:
        return Settings()


def pick_team(settings: Settings, asked: str | None) -> str:
    """Return the team to act for.

    Raises:
        Invalid: it is unknown, or missing though there are several.
    """
    teams = list(settings.teams)
    if asked is not None and asked in teams:
        return asked
    if asked is None and len(teams) == 1:
        return teams[0]
    problem = "--team is missing." if asked is None else f"There is no team “{redact(asked)}”."
    raise Invalid(problem, f"Choose one of: {', '.join(teams)}.")
