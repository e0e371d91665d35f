"""The keys of `[team.<id>]`."""

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from annotated_types import Unit
from pydantic import Field

from oduflow.settings.hosts import OptionalHost
from oduflow.settings.schema import EMPTY_MEANS_DEFAULT, DefaultText, ListOf, Section
from oduflow.settings.values import (
    AuthToken,
    Cpus,
    GitHubLogin,
    Password,
    TeamName,
    TemplateName,
)

TEAM_ID = re.compile(r"[a-z0-9-]{1,16}")
TEAM_ID_WORDS = "1 to 16 characters of a-z, 0-9 and -"


class TeamSettings(Section):
    """`[team.<id>]`: a tenant with its own secrets, network, folder and quotas."""

    id: str
    name: Annotated[TeamName, EMPTY_MEANS_DEFAULT, DefaultText("the team's id")] = Field(
        default_factory=lambda keys: str(keys["id"]), description="The name that people see."
    )
    hostname: OptionalHost = Field(
        default="", description="The team's own host name, when several teams share the server."
    )
    auth_token: AuthToken = Field(
        default="",
        description="The MCP Bearer token: it proves who asks and names the team. Empty: no token.",
    )
    ui_password: Password = Field(
        default="",
        description="The password of the dashboard and REST, user admin. Empty: no password.",
    )
    github_users: ListOf[GitHubLogin] = Field(
        default=(),
        description="Who may come in through GitHub. Empty in the only team: everybody; beside "
        "another team: nobody.",
    )
    max_environments: int = Field(
        default=20,
        ge=1,
        description="How many environments may exist, stopped and failed ones too.",
    )
    memory_mb: Annotated[int, Unit("MiB")] = Field(
        default=2048, ge=256, description="The memory of one environment."
    )
    cpus: Cpus = Field(default=2.0, description="The processors of one environment.")
    disk_gb: Annotated[int, Unit("GiB")] = Field(
        default=0, ge=0, description="No effect yet: the disk that the team may fill; 0: no limit."
    )
    default_template: TemplateName = Field(
        default="", description="The template when none is named; empty: the only one there is."
    )


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
