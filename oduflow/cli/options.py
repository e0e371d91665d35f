"""Options that several commands take."""

import sys
from pathlib import Path

import click

from oduflow.domain.masking import redact
from oduflow.settings import NoSettings, Settings, load, write_fresh

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Configuration file; else $ODUFLOW_CONFIG, ./oduflow.toml, /etc/oduflow/oduflow.toml.",
)
team_option = click.option("--team", "team", help="Team to act for; needed when there are several.")
UNKNOWN_TEAM = 2


def load_or_write(config: Path | None) -> Settings:
    """Load the configuration; the very first start writes one with fresh secrets, 0600."""
    try:
        return load(config)
    except NoSettings as missing:
        place = missing.searched[0]
        settings = write_fresh(place)
        click.echo(f"Wrote {place} with fresh secrets, readable by you alone.", err=True)
        return settings


def load_or_default(config: Path | None) -> Settings:
    """Load the configuration; where there is none yet, take the defaults and write nothing."""
    try:
        return load(config)
    except NoSettings:
        return Settings()


def pick_team(settings: Settings, asked: str | None) -> str:
    """Return the team to act for; leave with exit code 2 when that is not clear."""
    teams = list(settings.teams)
    if asked is not None and asked in teams:
        return asked
    if asked is None and len(teams) == 1:
        return teams[0]
    problem = "Say which team." if asked is None else f"There is no team “{redact(asked)}”."
    click.echo(f"invalid: {problem} --team is one of: {', '.join(teams)}.", err=True)
    sys.exit(UNKNOWN_TEAM)
