"""The keys of `[team.<id>]`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from oduflow.settings.hosts import OPTIONAL_HOST
from oduflow.settings.keys import Key
from oduflow.settings.kinds import (
    AUTH_TOKEN,
    CPUS,
    GITHUB_USER,
    TEAM_NAME,
    TEMPLATE,
    UI_PASSWORD,
    integer,
)


@dataclass(frozen=True, slots=True)
class Team:
    """`[team.<id>]`: a tenant with its own secrets, network, folder and quotas."""

    id: str
    name: Annotated[str, Key(TEAM_NAME, "The name that people see.", default="the team's id")] = ""
    hostname: Annotated[
        str,
        Key(OPTIONAL_HOST, "The team's own host name, when several teams share the server."),
    ] = ""
    auth_token: Annotated[
        str,
        Key(
            AUTH_TOKEN,
            "The MCP Bearer token: it proves who asks and names the team. Empty: no token.",
            secret=True,
        ),
    ] = field(default="", repr=False)
    ui_password: Annotated[
        str,
        Key(
            UI_PASSWORD,
            "The password of the dashboard and REST, user admin. Empty: no password.",
            secret=True,
        ),
    ] = field(default="", repr=False)
    github_users: Annotated[
        tuple[str, ...],
        Key(
            GITHUB_USER,
            "Who may come in through GitHub. Empty in the only team: everybody; beside another "
            "team: nobody.",
            many=True,
        ),
    ] = ()
    max_environments: Annotated[
        int, Key(integer(1), "How many environments may exist, stopped and failed ones too.")
    ] = 20
    memory_mb: Annotated[int, Key(integer(256, unit="MiB"), "The memory of one environment.")] = (
        2048
    )
    cpus: Annotated[float, Key(CPUS, "The processors of one environment.")] = 2.0
    disk_gb: Annotated[
        int,
        Key(integer(0, unit="GiB"), "No effect yet: the disk that the team may fill; 0: no limit."),
    ] = 0
    default_template: Annotated[
        str, Key(TEMPLATE, "The template when none is named; empty: the only one there is.")
    ] = ""


def teams_at(teams: Mapping[str, Team], host: str) -> tuple[Team, ...]:
    """Return the teams that a request for `host` may be about.

    A team's own host name stands for that team alone; every other name stands for all of them.
    """
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:  # no host name at all, such as one bracket
        name = None
    named = tuple(team for team in teams.values() if team.hostname and team.hostname == name)
    return named or tuple(teams.values())
