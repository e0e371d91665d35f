"""A start that cannot succeed ends gunicorn too, which else starts its workers anew for ever."""

import subprocess
from pathlib import Path

from tests.support.fakes import ONE_TEAM
from tests.support.forked import PATH_ONLY, Command, run
from tests.support.ports import free_port

CANNOT_LOAD = 4
SECONDS = 30.0


def test_a_broken_configuration_ends_it_and_is_named(tmp_path: Path) -> None:
    ended = gunicorn(tmp_path, "[server]\nprot = 8000\n")
    assert ended.returncode == CANNOT_LOAD
    assert "line 2: server.prot" in ended.stderr
    assert ended.stderr.count("Booting worker") == 1
    assert "Traceback" not in ended.stderr


def test_what_is_not_served_ends_it_and_is_named(tmp_path: Path) -> None:
    ended = gunicorn(tmp_path, f"[routing]\nenvironment_hosts = true\n{ONE_TEAM}")
    assert ended.returncode == CANNOT_LOAD
    assert "environment_hosts" in ended.stderr
    assert ended.stderr.count("Booting worker") == 1


def test_a_second_worker_ends_it_and_says_how_to_serve_with_threads(tmp_path: Path) -> None:
    ended = gunicorn(tmp_path, f'[server]\ndata_dir = "data"\n{ONE_TEAM}', "--workers=2")
    assert ended.returncode == CANNOT_LOAD
    assert "A server works on this data folder already" in ended.stderr
    assert "--workers 1 --threads 35" in ended.stderr
    assert ended.stderr.count("Booting worker") == 2


def gunicorn(folder: Path, toml: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Start gunicorn and wait until it ends by itself."""
    config = folder / "oduflow.toml"
    config.write_text(toml)
    config.chmod(0o600)
    words = ("--worker-class=gthread", "--threads=4", "--no-control-socket", *options)
    bind = f"--bind=127.0.0.1:{free_port()}"
    environ = {"ODUFLOW_CONFIG": str(config), **PATH_ONLY}
    command = Command((*words, bind, "wsgi:application"), environ, "gunicorn", without_engine=True)
    return run(command, timeout=SECONDS)
