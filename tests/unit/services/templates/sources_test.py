import os
from pathlib import Path

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Forbidden, Invalid, NotFound
from oduflow.kernel.call import Call, Origin
from oduflow.services.templates.sources import resolve, shown_name
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE

AGENT = Call(Actor("1", ActorKind.TOKEN, "auth_token"), Origin("mcp"))


def test_what_is_put_in_the_place_of_a_checked_file_is_not_read(deps, folder, secret):
    file = folder / "prod.zip"
    file.write_bytes(b"a backup")

    with resolve(deps, AGENT, "1", str(file)) as path:
        file.unlink()
        file.symlink_to(secret)

        assert path.read_bytes() == b"a backup"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("https://files.example.com/prod.zip?key=1#secret/part", "prod.zip"),
        ("https://files.example.com/prod.zip#secret", "prod.zip"),
        ("/srv/backups/prod#1.zip", "prod#1.zip"),
    ],
)
def test_the_shown_name_of_a_url_has_neither_query_nor_fragment(source, name):
    assert shown_name(source) == name


def test_a_link_that_appears_between_the_check_and_the_opening_is_refused(
    deps, folder, secret, monkeypatch
):
    file = folder / "prod.zip"
    file.write_bytes(b"a backup")
    really = os.open

    def swap_and_open(found, flags):
        file.unlink()
        file.symlink_to(secret)
        return really(found, flags)

    monkeypatch.setattr(os, "open", swap_and_open)

    with pytest.raises(Forbidden, match="import_folders"):
        enter(deps, file)


def test_a_pipe_is_refused_and_not_waited_for(deps, folder):
    os.mkfifo(folder / "prod.zip")

    with pytest.raises(Invalid, match="neither a file nor a folder"):
        enter(deps, folder / "prod.zip")


def test_a_link_to_itself_is_no_file(deps, folder):
    (folder / "prod.zip").symlink_to(folder / "prod.zip")

    with pytest.raises(NotFound):
        enter(deps, folder / "prod.zip")


def test_a_source_is_closed_at_the_end(deps, folder):
    (folder / "prod.zip").write_bytes(b"a backup")

    with resolve(deps, AGENT, "1", str(folder / "prod.zip")) as path:
        assert path.resolve() == folder / "prod.zip"
    assert path.resolve() != folder / "prod.zip"


def enter(deps, source):
    with resolve(deps, AGENT, "1", str(source)):
        raise AssertionError("resolved")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "imports"
    made.mkdir()
    return made


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(b"of another team")
    return path


@pytest.fixture
def deps(world, folder):
    return Process(world, f'[storage]\nimport_folders = ["{folder}"]\n{BLUE}').deps
