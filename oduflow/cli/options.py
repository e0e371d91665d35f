"""Options that several commands share."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oduflow.cli.fresh_settings import write_fresh
from oduflow.cli.remote.target import bearer_token, parse_address
from oduflow.domain.errors import Invalid
from oduflow.domain.masking import redact
from oduflow.settings import NoSettings, Settings, load

if TYPE_CHECKING:
    from oduflow.cli.remote.server import RemoteServer

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False, readable=False),
    help="Configuration file; else $ODUFLOW_CONFIG, ./oduflow.toml, /etc/oduflow/oduflow.toml.",
)
team_option = click.option("--team", "team", help="The team to act for, if there are several.")
url_option = click.option(
    "--url",
    "url",
    help="A remote server, such as https://oduflow.example.com; its token is in $ODUFLOW_TOKEN.",
)
token_file_option = click.option(
    "--token-file",
    "token_file",
    type=click.Path(path_type=Path),
    help="With --url: a file (0600) with the token, used instead of $ODUFLOW_TOKEN.",
)


def load_or_write(config: Path | None, **overrides: Mapping[str, object]) -> Settings:
    """Load the configuration; without one, write one with new secrets (0600) and `overrides`."""
    try:
        return load(config)
    except NoSettings as missing:
        path = missing.searched[0]
        settings = write_fresh(path, **overrides)
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


def remote_target(
    url: str | None, token_file: Path | None, team: str | None, config: Path | None
) -> "RemoteServer | None":
    """Return the server of --url; None without --url.

    Raises:
        Failure: the options contradict each other, or the token is missing.
    """
    if url is None and token_file is not None:
        raise Invalid("--token-file is only for a remote server.", "Add --url.")
    if url is None:
        return None
    if team is not None or config is not None:
        raise Invalid(
            "--team and --config cannot be combined with --url.",
            "Leave them out: the token determines the team.",
        )
    # Imported here: the SDK's client takes a second to load.
    from oduflow.cli.remote.server import RemoteServer  # noqa: PLC0415

    return RemoteServer(parse_address(url), bearer_token(token_file))
