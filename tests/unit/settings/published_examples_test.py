import pytest

from oduflow.settings import parse
from tests.support.published_toml import (
    COMBINED,
    GITHUB_OAUTH,
    GITHUB_USERS,
    PUBLISHED_BLOCKS,
    STATIC_TOKENS,
)


@pytest.mark.parametrize("text", PUBLISHED_BLOCKS.values(), ids=PUBLISHED_BLOCKS)
def test_every_published_example_loads_word_for_word_on_loopback(text: str):
    assert parse(text).teams


def test_static_tokens_name_their_teams():
    teams = parse(STATIC_TOKENS).teams
    assert list(teams) == ["1", "2"]
    assert teams["1"].auth_token == "secret-token-team-1"
    assert teams["2"].auth_token == "secret-token-team-2"


def test_the_oauth_block_alone_makes_one_implicit_team_without_secrets():
    settings = parse(GITHUB_OAUTH)
    assert settings.server.oauth_enabled
    assert settings.server.oauth_base_url == "https://your-server.com"
    [team] = settings.teams.values()
    assert (team.id, team.auth_token, team.ui_password) == ("1", "", "")
    assert any("Any GitHub user may sign in" in warning for warning in settings.warnings)


def test_the_two_oauth_blocks_work_together():
    settings = parse(GITHUB_OAUTH + GITHUB_USERS)
    assert settings.teams["1"].github_users == ("octocat", "dev1")
    assert settings.teams["2"].github_users == ("admin2",)
    assert not any("GitHub user" in warning for warning in settings.warnings)


def test_the_short_token_of_the_combined_block_is_only_a_warning_on_loopback():
    settings = parse(COMBINED)
    assert settings.teams["1"].auth_token == "secret-token"
    assert "[team.1] auth_token has 12 characters, fewer than 16." in settings.warnings
