import os
from pathlib import Path

import pytest

from oduflow.settings import BadSettings, NoSettings, files, load, remote_token
from oduflow.settings.files import search_order

TEAM = '[team.{}]\nauth_token = "token-0123456789"\nui_password = "password-0123456"\n'


@pytest.fixture(autouse=True)
def current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ODUFLOW_CONFIG", raising=False)
    return tmp_path


def write(path: Path, team: str) -> Path:
    path.write_text(TEAM.format(team))
    path.chmod(0o600)
    return path


def test_the_file_on_the_command_line_wins(tmp_path: Path):
    write(tmp_path / "oduflow.toml", "current")
    named = write(tmp_path / "named.toml", "variable")
    given = write(tmp_path / "given.toml", "given")
    settings = load(given, {"ODUFLOW_CONFIG": str(named)})
    assert list(settings.teams) == ["given"]
    assert settings.source == given


def test_the_variable_comes_before_the_current_folder(tmp_path: Path):
    write(tmp_path / "oduflow.toml", "current")
    named = write(tmp_path / "named.toml", "variable")
    assert list(load(environ={"ODUFLOW_CONFIG": str(named)}).teams) == ["variable"]


def test_without_a_name_the_current_folder_is_looked_at_first(tmp_path: Path):
    here = write(tmp_path / "oduflow.toml", "current")
    settings = load(environ={"ODUFLOW_CONFIG": ""})
    assert list(settings.teams) == ["current"]
    assert settings.source == here


def test_the_last_place_is_etc(tmp_path: Path):
    assert search_order(None, {}) == [
        tmp_path / "oduflow.toml",
        Path("/etc/oduflow/oduflow.toml"),
    ]


def test_the_process_environment_is_read_when_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ODUFLOW_CONFIG", str(write(tmp_path / "named.toml", "variable")))
    assert list(load().teams) == ["variable"]


def test_a_relative_name_becomes_absolute(tmp_path: Path):
    write(tmp_path / "given.toml", "given")
    assert load(Path("given.toml")).source == tmp_path / "given.toml"


@pytest.mark.parametrize("missing", ["missing.toml", "oduflow.toml/below-a-file.toml"])
def test_a_named_file_that_is_missing_is_never_replaced_by_another(tmp_path: Path, missing: str):
    write(tmp_path / "oduflow.toml", "current")
    with pytest.raises(NoSettings) as caught:
        load(environ={"ODUFLOW_CONFIG": missing})
    assert caught.value.searched == (tmp_path / missing,)
    assert missing in str(caught.value)


def test_another_kind_of_file_in_its_place_is_a_problem_and_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "fifo.toml")
    for place in (tmp_path, tmp_path / "fifo.toml"):
        with pytest.raises(BadSettings, match="cannot be read: it is no regular file") as caught:
            load(place)
        assert caught.value.source == place


def test_a_file_of_another_user_is_named_with_the_way_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write(tmp_path / "oduflow.toml", "current")

    def refuse(*_anything: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files, "_read", refuse)  # tests run as root, who may read all
    with pytest.raises(BadSettings, match=r"cannot be read by this user\. .*--url and a token"):
        load()


def test_a_file_that_is_not_utf8_is_a_problem(tmp_path: Path):
    path = tmp_path / "oduflow.toml"
    path.write_bytes(b'[team.1]\nname = "\xff"\n')
    with pytest.raises(BadSettings, match="not UTF-8"):
        load()


def test_a_byte_order_mark_is_passed_over(tmp_path: Path):
    path = tmp_path / "oduflow.toml"
    path.write_bytes(b"\xef\xbb\xbf[team.marked]\n")
    assert list(load().teams) == ["marked"]


def test_wrong_values_are_reported_with_the_file(tmp_path: Path):
    path = tmp_path / "oduflow.toml"
    path.write_text("[server]\nport = 0\n")
    with pytest.raises(BadSettings, match=r"line 2: server\.port = 0") as caught:
        load()
    assert str(path) in str(caught.value)


def test_secrets_that_every_user_can_read_are_a_warning(tmp_path: Path):
    path = write(tmp_path / "oduflow.toml", "1")
    assert load().warnings == ()
    path.chmod(0o604)
    [warning] = load().warnings
    assert f"{path}: chmod 600" in warning


def test_a_readable_file_without_secrets_needs_no_warning(tmp_path: Path):
    path = tmp_path / "oduflow.toml"
    path.write_text("[team.1]\n")
    path.chmod(0o644)
    assert not any("chmod" in warning for warning in load().warnings)


def test_the_token_for_a_remote_server_comes_from_the_environment():
    assert remote_token({"ODUFLOW_TOKEN": " abc\n"}) == "abc"
    assert remote_token({}) == ""
