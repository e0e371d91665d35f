import logging
import os
from pathlib import Path

import pytest

from oduflow.services.live_settings import POLL_SECONDS, LiveSettings
from oduflow.settings import Settings, load, parse
from tests.support.clocks import SteppedClock
from tests.support.fakes import BLUE_TOKEN, ONE_TEAM, RED_TOKEN, TWO_TEAMS

LIVE = LiveSettings.__module__
LONG_AGO = 10.0


class File:
    """A configuration that is edited while a server runs on it."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.clock = SteppedClock(100.0)
        self._monkeypatch = monkeypatch
        self.write(TWO_TEAMS)
        self.live = LiveSettings(load(path), self.clock)
        self.age(LONG_AGO)
        self.look()

    def write(self, text: str) -> None:
        self.path.write_text(text)
        self.path.chmod(0o600)

    def replace(self, text: str) -> None:
        beside = self.path.with_name("beside")
        beside.write_text(text)
        beside.chmod(0o600)
        beside.replace(self.path)

    def age(self, seconds: float) -> None:
        """Let the last change be so long ago."""
        changed = self.path.stat().st_ctime
        self._monkeypatch.setattr(
            "oduflow.services.live_settings.time.time", lambda: changed + seconds
        )

    def look(self) -> Settings:
        self.clock.now += POLL_SECONDS
        return self.live.current()

    def becomes(self, text: str) -> Settings:
        self.write(text)
        self.age(LONG_AGO)
        return self.look()


@pytest.mark.parametrize("how", ["write", "replace"])
def test_a_changed_secret_takes_effect_at_the_next_poll(file: File, how: str):
    getattr(file, how)(TWO_TEAMS.replace("blue-password-0123", "another-password-01"))
    file.age(LONG_AGO)
    assert file.look().teams["1"].ui_password == "another-password-01"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "Azure"),
        ("hostname", "blue.example.com"),
        ("auth_token", "another-token-0123"),
        ("ui_password", "another-password-0"),
        ("github_users", ("octocat",)),
        ("max_environments", 3),
        ("memory_mb", 512),
        ("cpus", 0.5),
        ("default_template", "base-18"),
    ],
)
def test_everything_of_a_team_changes_while_the_server_runs(file: File, key: str, value: object):
    shown = f'["{value[0]}"]' if isinstance(value, tuple) else repr(value).replace("'", '"')
    kept = [line for line in ONE_TEAM.splitlines() if not line.startswith(key)]
    found = file.becomes("\n".join([*kept, f"{key} = {shown}"]))
    assert getattr(found.teams["1"], key) == value
    assert getattr(file.live.for_work().teams["1"], key) == value


def test_a_removed_team_is_gone_but_its_work_in_progress_keeps_its_quotas(file: File):
    assert list(file.becomes(ONE_TEAM).teams) == ["1"]
    assert list(file.live.for_work().teams) == ["1", "2"]
    assert list(file.becomes(TWO_TEAMS).teams) == ["1", "2"]


@pytest.mark.parametrize(
    "broken",
    ["[team.1\n", ONE_TEAM + "nonsense = 1\n", "", "\0", TWO_TEAMS.replace(RED_TOKEN, BLUE_TOKEN)],
    ids=["no TOML", "unknown key", "empty", "binary", "same secret"],
)
def test_an_invalid_file_changes_nothing_and_is_logged_once(
    file: File, broken: str, caplog: pytest.LogCaptureFixture
):
    before = file.look()
    for _ in range(3):
        assert file.becomes(broken) is before
    [told] = [line for line in caplog.messages if "stays in force" in line]
    assert told
    assert all(record.levelno == logging.WARNING for record in caplog.records)


def test_a_deleted_file_changes_nothing_and_is_logged_once(
    file: File, caplog: pytest.LogCaptureFixture
):
    before = file.look()
    file.path.unlink()
    assert file.look() is before
    assert file.look() is before
    assert sum("no configuration file" in line for line in caplog.messages) == 1


def test_a_corrected_file_takes_effect(file: File):
    file.becomes("[team.1\n")
    found = file.becomes(TWO_TEAMS.replace("Blue", "Azure"))
    assert found.teams["1"].name == "Azure"


def test_an_emptied_file_never_removes_the_secrets_of_a_team(file: File):
    assert file.becomes("# nothing\n").teams["1"].ui_password


def test_a_file_that_changed_a_moment_ago_may_be_half_written_and_waits(file: File):
    file.write(ONE_TEAM)
    file.age(0.1)
    assert len(file.look().teams) == 2
    file.age(0.3)
    file.clock.now += 0.3
    assert len(file.live.current().teams) == 1


def test_the_configuration_file_is_looked_at_once_a_second_at_most(
    file: File, monkeypatch: pytest.MonkeyPatch
):
    looks = []
    monkeypatch.setattr(LiveSettings, "_poll", lambda _live: looks.append(1))
    for _ in range(5):
        file.live.current()
    assert looks == []
    file.look()
    assert len(looks) == 1


def test_a_change_that_needs_a_start_is_logged_without_its_value(
    file: File, caplog: pytest.LogCaptureFixture
):
    before = file.look()
    head = '[server]\nport = 9000\noauth_client_secret = "hush-hush"\noauth_client_id = "a"\n'
    head += 'oauth_base_url = "https://x.example.com"\n[images]\nodoo = "mine:{version}"\n'
    after = file.becomes(f"{head}{TWO_TEAMS}[team.3]\n")
    assert after.server == before.server
    assert after.images == before.images
    assert "3" not in after.teams
    for key in ("[server] port", "[server] oauth_client_secret", "[images] odoo", "[team.3]"):
        assert f"{key} takes effect at the next start." in caplog.messages
    assert "hush" not in caplog.text


def test_teams_are_checked_against_the_running_sections(tmp_path, monkeypatch):
    """The file would be loopback only by then; the server that runs is not."""
    public = f'[server]\nhost = "0.0.0.0"\n{ONE_TEAM}'
    (tmp_path / "oduflow.toml").write_text(public)
    live = LiveSettings(load(tmp_path / "oduflow.toml"), clock := SteppedClock(100.0))
    (tmp_path / "oduflow.toml").write_text("[team.1]\n")
    monkeypatch.setattr(f"{LIVE}.time.time", lambda: 1e12)
    clock.now += POLL_SECONDS
    assert live.current().teams["1"].ui_password


def test_a_removed_secret_is_logged_as_a_warning(file: File, caplog: pytest.LogCaptureFixture):
    file.becomes('[team.1]\nname = "Blue"\n')
    assert any("MCP runs without authentication" in line for line in caplog.messages)


def test_a_change_without_effect_is_not_logged(file: File, caplog: pytest.LogCaptureFixture):
    file.becomes(f"# a comment\n{TWO_TEAMS}")
    os.utime(file.path)
    file.look()
    assert caplog.messages == []


def test_settings_without_a_file_stay_as_they_are():
    settings, clock = parse(ONE_TEAM), SteppedClock(100.0)
    live = LiveSettings(settings, clock)
    clock.now += 100
    assert live.current() is live.for_work() is settings
    assert settings.current() is settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> File:
    return File(tmp_path / "oduflow.toml", monkeypatch)
