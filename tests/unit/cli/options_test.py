import pytest

from oduflow.cli.options import load_or_write, pick_team
from oduflow.domain.errors import Invalid
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
        (TWO, None, ("--team is missing.", "Choose one of: blue, red.")),
        (ONE, "red", ("There is no team “red”.", "Choose one of: blue.")),
        (TWO, "", ("There is no team “”.", "Choose one of: blue, red.")),
    ],
)
def test_an_unclear_team_is_refused_with_the_list(settings, asked, said):
    with pytest.raises(Invalid) as refused:
        pick_team(settings, asked)

    assert (refused.value.message, refused.value.hint) == said


def test_the_very_first_start_writes_a_configuration_for_its_owner_alone(tmp_path, capsys):
    place = tmp_path / "oduflow.toml"

    settings = load_or_write(place)

    assert place.stat().st_mode & 0o777 == 0o600
    assert len(settings.teams) == 1
    assert str(place) in capsys.readouterr().err
    assert load_or_write(place).teams == settings.teams, "the second start reads it"
    assert capsys.readouterr().err == ""
