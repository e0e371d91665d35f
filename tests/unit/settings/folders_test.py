from pathlib import Path

import platformdirs
import pytest

from oduflow.settings.values import anchored, default_data_dir


def test_the_systems_folder_is_taken_where_it_can_be_written(tmp_path: Path):
    assert default_data_dir(tmp_path) == tmp_path


def test_the_systems_folder_is_taken_where_it_can_be_made_but_is_not_made(tmp_path: Path):
    folder = tmp_path / "srv" / "oduflow"
    assert default_data_dir(folder) == folder
    assert not folder.parent.exists()


def test_the_users_own_folder_is_taken_where_the_systems_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    blocked = tmp_path / "a-file"
    blocked.touch()
    assert default_data_dir(blocked / "oduflow") == tmp_path / "home" / "oduflow"
    assert default_data_dir(blocked) == Path(platformdirs.user_data_dir("oduflow"))


def test_a_relative_path_starts_at_the_base():
    assert anchored(Path("/etc/oduflow"), Path("../data")) == Path("/etc/data")


def test_an_absolute_path_stays():
    assert anchored(Path("/etc/oduflow"), Path("/var/data")) == Path("/var/data")
