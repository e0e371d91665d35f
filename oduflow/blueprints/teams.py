"""Find the teams that a request can be about by its host name."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from oduflow.settings import TeamSettings


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
