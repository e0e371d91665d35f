"""No process of git's outlives its limit, its caller or the server."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oduflow.adapters.git import process
from oduflow.adapters.git.limits import AbortCheck, RepositoryLimits
from oduflow.adapters.git.repository import GitRepositories
from oduflow.domain.errors import Cancelled, UpstreamFailed
from tests.support.processes import marked, wait_until_gone

ROOT = Path(__file__).parents[3]
PATH = {"PATH": "/usr/bin:/bin"}


def test_after_a_hang_no_process_is_left(server, tmp_path):
    repositories = GitRepositories(
        allowed_hosts=(server.authority,), limits=RepositoryLimits(fetch_seconds=1)
    )
    with pytest.raises(UpstreamFailed, match="Gave up downloading"):
        repositories.checkout(
            server.url("hang/addons.git"),
            "main",
            team="1",
            git_dir=tmp_path / "git",
            work_tree=tmp_path / "work",
        )
    assert len(server.requests) == 1
    assert marked(server.authority) == []


def test_when_the_server_is_killed_its_git_dies_with_it(server, tmp_path):
    url = server.url("hang/addons.git")
    script = (
        "from pathlib import Path\n"
        "from oduflow.adapters.git.repository import GitRepositories\n"
        f"GitRepositories(allowed_hosts=({server.authority!r},)).checkout({url!r}, 'main',"
        f" team='1', git_dir=Path({str(tmp_path / 'git')!r}),"
        f" work_tree=Path({str(tmp_path / 'work')!r}))\n"
    )
    oduflow = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    deadline = time.monotonic() + 20
    while not server.requests and time.monotonic() < deadline:
        time.sleep(0.05)
    assert any("git-remote-http" in line or "remote-http" in line for line in marked(url))
    os.kill(oduflow.pid, signal.SIGKILL)
    oduflow.wait()
    assert wait_until_gone(url) == []


def test_what_a_command_leaves_in_the_background_is_ended(tmp_path):
    mark = str(tmp_path / "left")
    script = f"(sleep 300; : {mark}) >/dev/null 2>&1 & echo started"
    assert run("sh", "-c", script) == (0, b"started\n")
    assert wait_until_gone(mark) == []


def test_a_command_that_ignores_signals_is_ended(tmp_path):
    mark = str(tmp_path / "stubborn")
    with pytest.raises(UpstreamFailed):
        run("sh", "-c", f"trap '' TERM INT HUP; sleep 300; : {mark}", seconds=0.3)
    assert marked(mark) == []


def test_exit_statuses_are_a_shells():
    assert run("sh", "-c", "exit 3") == (3, b"")
    assert run("sh", "-c", "kill -TERM $$") == (128 + signal.SIGTERM, b"")


def test_a_command_sees_the_variables_it_is_given_and_no_others(monkeypatch):
    monkeypatch.setenv("ODUFLOW_SECRET", "x")
    _, seen = run("env")
    # Python sets LC_CTYPE in the child reaper where it finds no locale (PEP 538).
    assert {line.split(b"=")[0] for line in seen.split()} <= {b"PATH", b"LC_CTYPE"}


def test_a_command_has_no_input_but_the_file_it_is_given(tmp_path):
    assert run("cat") == (0, b"")
    (tmp_path / "file").write_bytes(b"hello")
    with (tmp_path / "file").open("rb") as file:
        assert run("cat", stdin=file) == (0, b"hello")


def test_a_program_that_is_not_installed_is_named():
    with pytest.raises(UpstreamFailed, match="no-such-program is not installed"):
        run("no-such-program")


def test_a_command_cancelled_beforehand_is_not_started(tmp_path):
    with pytest.raises(Cancelled):
        process.run(
            ("touch", str(tmp_path / "started")),
            PATH,
            on_output=bytes,
            on_message=bytes,
            abort_check=AbortCheck("testing", 60, cancelled=lambda: True),
        )
    assert list(tmp_path.iterdir()) == []


def test_no_descriptor_is_left_open():
    run("true")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        run("true")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def run(*command: str, seconds: float = 20, stdin=None) -> tuple[int, bytes]:
    output = bytearray()
    status = process.run(
        command,
        PATH,
        on_output=output.extend,
        on_message=bytes,
        abort_check=AbortCheck("testing", seconds),
        stdin=stdin,
    )
    return status, bytes(output)
