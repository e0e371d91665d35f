import pytest

from oduflow.cli.options import load_or_write, pick_team
from oduflow.settings import parse

ONE = parse("[team.blue]\n")
TWO = parse("[team.blue]\n[team.red]\n")


@pytest.mark.parametrize(
    ("settings", "asked", "team"),
    [(ONE, None, "blue"), (ONE, "blue", "blue"), (TWO, "red", "red")],
)
def test_the_asked_for_team_else_the_only_one(settings, asked, team):
    assert pick_team(settings, asked) == team


@pytest.mark.parametrize(
    ("settings", "asked", "said"),
    [
        (TWO, None, "invalid: --team is missing. Choose one of: blue, red.\n"),
        (ONE, "red", "invalid: There is no team “red”. Choose one of: blue.\n"),
        (TWO, "", "invalid: There is no team “”. Choose one of: blue, red.\n"),
    ],
)
def test_an_unclear_team_ends_with_the_list(settings, asked, said, capsys):
    with pytest.raises(SystemExit) as left:
        pick_team(settings, asked)

    assert left.value.code == 2
    assert capsys.readouterr().err == said


def test_the_very_first_start_writes_a_configuration_for_its_owner_alone(tmp_path, capsys):
    place = tmp_path / "oduflow.toml"

    settings = load_or_write(place)

    assert place.stat().st_mode & 0o777 == 0o600
    assert len(settings.teams) == 1
    assert str(place) in capsys.readouterr().err
    assert load_or_write(place).teams == settings.teams, "the second start reads it"
    assert capsys.readouterr().err == ""
