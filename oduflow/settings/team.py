"""The keys of `[team.<id>]`."""

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from annotated_types import Ge, Unit
from pydantic import Field

from oduflow.settings import values
from oduflow.settings.hosts import OptionalHost
from oduflow.settings.schema import EMPTY_MEANS_DEFAULT, DefaultText, ListOf, Section

TEAM_ID = re.compile(r"[a-z0-9-]{1,16}")
TEAM_ID_WORDS = "1 to 16 characters of a-z, 0-9 and -"


class TeamSettings(Section):
    """`[team.<id>]`: a tenant with its own secrets, network, folder and quotas."""

    id: str = Field(exclude=True)
    name: Annotated[values.TeamName, EMPTY_MEANS_DEFAULT, DefaultText("the team's id")] = Field(
        default_factory=lambda keys: str(keys["id"])
    )
    """The name that people see."""
    hostname: OptionalHost = ""
    """The team's own host name, when several teams share the server."""
    auth_token: values.AuthToken = ""
    """The MCP Bearer token: it proves who asks and names the team. Empty: no token."""
    ui_password: values.Password = ""
    """The password of the dashboard and REST, user admin. Empty: no password."""
    github_users: ListOf[values.GitHubLogin] = ()
    """Who may sign in through GitHub. Empty in the only team: everybody; beside another team: no
    one."""
    max_environments: Annotated[int, Ge(1)] = 20
    """How many environments may exist, stopped and failed ones too."""
    memory_mb: Annotated[int, Ge(256), Unit("MiB")] = 2048
    """The memory of one environment."""
    cpus: values.Cpus = 2.0
    """The processors of one environment."""
    disk_gb: Annotated[int, Ge(0), Unit("GiB")] = 0
    """No effect yet: the disk that the team may fill; 0: no limit."""
    default_template: values.TemplateName = ""
    """The template when none is named; empty: the only one there is."""


def teams_at(teams: Mapping[str, TeamSettings], host: str) -> tuple[TeamSettings, ...]:
    """Return the teams that a request for `host` can be about.

    A team's own host name means that team alone; every other name means all of them.
    """
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:  # not a host name, such as one bracket
        name = None
    named = tuple(team for team in teams.values() if team.hostname and team.hostname == name)
    return named or tuple(teams.values())
