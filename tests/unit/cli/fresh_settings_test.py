import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oduflow.cli.fresh_settings import describe, write_fresh
from oduflow.settings import BadSettings, Settings, load, parse


def test_what_was_written_loads_as_what_was_returned(tmp_path: Path):
    path = tmp_path / "new" / "oduflow.toml"
    assert write_fresh(path) == load(path)


def test_a_fresh_file_needs_no_warning(tmp_path: Path):
    assert write_fresh(tmp_path / "oduflow.toml").warnings == ()


def test_each_secret_is_fresh_and_has_32_random_bytes(tmp_path: Path):
    first = write_fresh(tmp_path / "first.toml").teams["1"]
    second = write_fresh(tmp_path / "second.toml").teams["1"]
    made = {first.auth_token, first.ui_password, second.auth_token, second.ui_password}
    assert len(made) == 4
    assert {len(secret) for secret in made} == {43}


def test_only_the_owner_can_read_it_under_any_umask(tmp_path: Path):
    before = os.umask(0)
    try:
        write_fresh(tmp_path / "oduflow.toml")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "oduflow.toml").stat().st_mode) == 0o600


def test_overrides_are_in_the_file(tmp_path: Path):
    path = tmp_path / "oduflow.toml"
    written = write_fresh(
        path,
        server={"sample": True, "port": 9000, "data_dir": tmp_path / "data"},
        firewall={"egress": ["internet"]},
        team={"blue": {"name": "Blue", "ui_password": "my-own-password-1"}, "red": {}},
    )
    assert written == load(path)
    assert written.server.sample
    assert written.server.data_dir == tmp_path / "data"
    assert written.firewall.egress == ("internet",)
    assert list(written.teams) == ["blue", "red"]
    assert written.teams["blue"].ui_password == "my-own-password-1"
    assert len(written.teams["red"].ui_password) == 43


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        ({"server": {"port": 0}}, "server.port"),
        ({"server": {"prot": 1}}, "server.prot"),
        ({"servr": {"port": 1}}, "servr"),
        ({"team": {"Blue": {}}}, "team.Blue"),
    ],
)
def test_wrong_overrides_are_refused_and_nothing_is_written(tmp_path: Path, overrides, key):
    with pytest.raises(BadSettings) as caught:
        write_fresh(tmp_path / "oduflow.toml", **overrides)
    assert [problem.key for problem in caught.value.problems] == [key]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("existing", ["file", "folder", "dangling link"])
def test_nothing_is_ever_overwritten(tmp_path: Path, existing: str):
    path = tmp_path / "oduflow.toml"
    if existing == "file":
        path.write_text("mine")
    elif existing == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_fresh(path)
    assert list(tmp_path.iterdir()) == [path]
    assert existing != "file" or path.read_text() == "mine"


@pytest.mark.thorough
def test_of_many_first_starts_at_once_one_writes_and_all_agree(tmp_path: Path):
    path = tmp_path / "oduflow.toml"

    def start(_: int) -> Settings:
        try:
            return write_fresh(path)
        except FileExistsError:
            return load(path)

    with ThreadPoolExecutor(8) as pool:
        started = list(pool.map(start, range(16)))
    assert all(settings == started[0] for settings in started)
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_a_problem(tmp_path: Path):
    (tmp_path / "a-file").touch()
    with pytest.raises(BadSettings, match="cannot be written"):
        write_fresh(tmp_path / "a-file" / "oduflow.toml")


def test_every_offered_key_is_in_a_fresh_file_below_its_description(tmp_path: Path):
    path = tmp_path / "oduflow.toml"
    write_fresh(path)
    blocks = path.read_text().split("\n\n")
    explained = [re.fullmatch(r"(?:# .+\n)+#?(\w+) = .+", block.strip("\n")) for block in blocks]
    keys = [match[1] for match in explained if match]
    assert keys == [row.key for row in describe()]


def test_the_defaults_it_shows_are_the_defaults(tmp_path: Path):
    path = tmp_path / "oduflow.toml"
    fresh = write_fresh(path)
    uncommented = re.sub(r"^#(\w+ = [^…]*)$", r"\1", path.read_text(), flags=re.MULTILINE)
    assert uncommented.count("\n#") < path.read_text().count("\n#")
    assert parse(uncommented, path) == fresh
