import logging

import pytest

from oduflow.blueprints.auth.hosts import startup_lines
from oduflow.settings import parse
from oduflow.settings.team_url import team_url
from tests.support.fakes import OPEN, TWO_TEAMS
from tests.support.published_toml import COMBINED, GITHUB_OAUTH

PUBLISHED_LINE = "INFO  [team.1] http://localhost:8000/ (MCP token OFF, OAuth OFF, UI auth OFF)"
PUBLIC = '[server]\nhost = "{}"\nport = {}\nallow_insecure_http = true\n'


def test_the_line_of_an_open_team_is_the_published_one_byte_for_byte():
    assert logged(OPEN)[0] == PUBLISHED_LINE


def test_a_warning_follows_for_each_face_without_authentication():
    assert logged(OPEN)[1:] == [
        "WARNING [team.1] MCP runs without authentication: auth_token is empty.",
        "WARNING [team.1] the dashboard and REST run without authentication: ui_password is empty.",
    ]


def test_a_warning_follows_when_any_github_user_may_sign_in():
    assert any("Any GitHub user may sign in" in line for line in logged(GITHUB_OAUTH))


def test_each_team_has_its_line_before_any_warning():
    lines = logged(TWO_TEAMS)
    assert lines[0] == "INFO  [team.1] http://localhost:8000/ (MCP token ON, OAuth OFF, UI auth ON)"
    assert lines[1] == "INFO  [team.2] http://localhost:8000/ (MCP token ON, OAuth OFF, UI auth ON)"


def test_oauth_is_told_with_the_address_that_people_use():
    expected = "INFO  [team.1] https://your-server.com/ (MCP token ON, OAuth ON, UI auth OFF)"
    assert logged(COMBINED)[0] == expected


def test_no_secret_is_ever_told():
    assert "secret" not in " ".join(logged(TWO_TEAMS.replace("-token-", "-secret-")))


@pytest.mark.parametrize(
    ("toml", "url"),
    [
        (PUBLIC.format("::", 8000), "http://localhost:8000/"),
        (PUBLIC.format("192.168.7.1", 9000), "http://192.168.7.1:9000/"),
        (PUBLIC.format("fd00::1", 9000), "http://[fd00::1]:9000/"),
        (PUBLIC.format("127.0.0.1", 80), "http://localhost/"),
        ('[routing]\nexternal_host = "odoo.example.com"\n', "http://odoo.example.com:8000/"),
        ('[team.1]\nhostname = "blue.example.com"\n', "http://blue.example.com:8000/"),
        (
            GITHUB_OAUTH + '[team.1]\nhostname = "blue.example.com"\n',
            "https://blue.example.com/",
        ),
    ],
)
def test_the_address_is_the_one_that_the_configuration_knows(toml, url):
    settings = parse(toml)
    assert team_url(settings, settings.teams["1"]) == url


def logged(toml: str) -> list[str]:
    form = logging.Formatter("%(levelname)-5s %(message)s")
    return [
        form.format(logging.LogRecord("oduflow", level, "", 0, line, None, None))
        for level, line in startup_lines(parse(toml))
    ]
