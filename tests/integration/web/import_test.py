"""`oduflow import --url` sends a file to the real server, and continues after Ctrl-C."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.fakes import BLUE_PASSWORD, BLUE_TOKEN, RED_TOKEN, TWO_TEAMS, basic
from tests.support.forked import PATH_ONLY, Command, Forked, run
from tests.support.quiet_server import QuietServer, quiet_server
from tests.support.server import eventually

pytestmark = pytest.mark.timeout(240)
MIB = 1 << 20


def test_a_file_is_sent_once_and_what_the_import_refuses_is_said(
    server: QuietServer, tmp_path: Path
):
    file = made(tmp_path, 9 * MIB + 5)

    first = imported(server, file, "--name", "shop")
    again = imported(server, file)

    for shown in (first, again):
        assert shown.returncode == 2, shown.stderr
        assert "invalid: " in shown.stderr
        assert "import: sending shop.zip [" in first.stderr
        assert BLUE_TOKEN not in shown.stdout + shown.stderr
    (upload,) = uploads(server)
    assert (upload["complete"], upload["verified"]) == (True, True)
    assert stored(server) == [file.read_bytes()], "a refused import keeps the upload"


def test_after_ctrl_c_the_same_command_goes_on(server: QuietServer, tmp_path: Path):
    file = made(tmp_path, 120 * MIB)
    errors = tmp_path / "errors"
    process = Forked(Command(words(server, file), environ()), tmp_path / "out", errors)
    eventually(lambda: any(each["received"] > 8 * MIB for each in uploads(server)), 60)
    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 130
    assert "the same command continues" in errors.read_text()
    (before,) = uploads(server)
    assert 0 < before["received"] < 120 * MIB

    imported(server, file)

    (after,) = uploads(server)
    assert (after["name"], after["complete"]) == (before["name"], True)
    assert stored(server) == [file.read_bytes()]


def test_a_token_that_may_not_import_sends_nothing(server: QuietServer, tmp_path: Path):
    file = made(tmp_path, 1000)

    shown = imported(server, file, token="wrong-token-00000000")

    assert shown.returncode == 77
    assert uploads(server) == []
    assert imported(server, file, token=RED_TOKEN).returncode == 2
    assert uploads(server) == [], "the other team's upload is not this team's"


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("absent.zip", 4, "There is no file"), (".", 2, "only files are sent")],
)
def test_what_is_no_file_is_refused_with_the_next_step(
    server: QuietServer, tmp_path: Path, name: str, code: int, said: str
):
    shown = imported(server, tmp_path / name, "--name", "shop")

    assert (shown.returncode, said in shown.stderr) == (code, True), shown.stderr


def imported(server: QuietServer, file: Path, *more: str, token: str = BLUE_TOKEN):
    return run(Command((*words(server, file), *more), environ(token)), timeout=120)


def words(server: QuietServer, file: Path) -> tuple[str, ...]:
    return ("import", str(file), "--url", f"http://127.0.0.1:{server.port}")


def environ(token: str = BLUE_TOKEN) -> dict[str, str]:
    return {**PATH_ONLY, "ODUFLOW_TOKEN": token, "LANG": "C.UTF-8"}


def uploads(server: QuietServer) -> list[dict[str, Any]]:
    answer = server.ask("/api/uploads", basic(BLUE_PASSWORD))
    found: list[dict[str, Any]] = json.loads(answer.text)["data"]["uploads"]
    return found


def stored(server: QuietServer) -> list[bytes]:
    folder = server.config.parent / "data/team_1/uploads"
    return [path.read_bytes() for path in folder.iterdir()]


def made(folder: Path, size: int) -> Path:
    path = folder / "shop.zip"
    path.write_bytes(os.urandom(size))
    return path


@pytest.fixture
def server(tmp_path: Path):
    with quiet_server(tmp_path, TWO_TEAMS) as served:
        yield served
