"""The server as a process: how it starts, refuses to start, and stops."""

import json
import socket
import sys
import time
from pathlib import Path

import pytest

from tests.support.fakes import ONE_TEAM
from tests.support.forked import oduflow
from tests.support.instances import PASSWORD, Instance
from tests.support.quiet_server import quiet_server
from tests.support.server import await_ready, eventually, serving

pytestmark = pytest.mark.timeout(180)


def test_serve_says_who_may_sign_in_and_is_ready_when_environments_can_be_created(
    instance: Instance,
) -> None:
    command = [sys.executable, "-m", "oduflow", "serve", "--config", str(instance.config)]
    with serving(instance, command=command) as server:
        assert server.request("GET", "/healthz", auth=None).status_code == 200
        log = server.tail()
    port = instance.settings.server.port
    line = f"INFO  [team.blue] http://localhost:{port}/ (MCP token ON, OAuth OFF, UI auth ON)"
    assert line in log.splitlines()
    assert PASSWORD not in log


def test_a_second_server_on_the_same_folder_exits_2_and_says_what_to_do(
    instance: Instance,
) -> None:
    with serving(instance):
        second = oduflow("serve", "--config", str(instance.config))
    assert second.returncode == 2
    assert "--workers 1 --threads 35" in second.stderr


def test_a_taken_port_is_named(instance: Instance) -> None:
    with socket.create_server(("127.0.0.1", instance.settings.server.port)):
        refused = oduflow("serve", "--config", str(instance.config))
    assert refused.returncode == 69
    assert f"port {instance.settings.server.port} of 127.0.0.1" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_wrong_keys_are_told_all_at_once_and_nothing_starts(tmp_path: Path) -> None:
    config = tmp_path / "oduflow.toml"
    config.write_text(
        '[server]\nprot = 8000\nport = "x"\n[team.1]\nauth_tokn = "0123456789abcdef"\n'
    )
    refused = oduflow("serve", "--config", str(config))
    assert refused.returncode == 2
    for expected in ("prot", "port", "auth_tokn", "auth_token"):
        assert expected in refused.stderr
    assert "0123456789abcdef" not in refused.stderr


def test_sigterm_cuts_a_job_off_and_the_next_start_undoes_it(
    instance: Instance, sample_repository: str
) -> None:
    with serving(instance) as server:
        server.job("POST", "/api/environments", json={"name": "cut", "repo_url": sample_repository})
        begun = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - begun < 20
    with serving(instance) as server:
        eventually(lambda: server.latest_job() == "interrupted", 60, server.tail)
        eventually(lambda: server.environments() == [], 60, server.tail)


def test_without_an_engine_it_is_alive_and_not_ready_and_says_why(tmp_path: Path) -> None:
    with quiet_server(tmp_path, ONE_TEAM) as server:
        answer = server.ask("/readyz")
        assert answer.status == 503
        parts = json.loads(answer.text)["parts"]
        docker = next(part for part in parts if part["part"] == "docker")
        assert not docker["ok"]
        assert docker["hint"]
        server.process.terminate()
        assert server.process.wait(20) == 0


def test_the_command_line_works_beside_the_server(
    instance: Instance, sample_repository: str
) -> None:
    with serving(instance):
        config = ("--config", str(instance.config))
        unclear = oduflow("call", "list_environments", *config)
        assert unclear.returncode == 2
        assert "blue, red" in unclear.stderr
        team = (*config, "--team", "blue")
        made = oduflow("call", "create_environment", "typed", sample_repository, *team)
        assert made.returncode == 0, made.stderr
        listed = oduflow("call", "list_environments", "--json", *team)
        assert '"name":"typed"' in listed.stdout
        again = oduflow("call", "get_environment", "absent", *team)
        assert again.returncode == 4
        assert oduflow("call", "delete_environment", "typed", *team).returncode == 0
        checked = oduflow("doctor", *config)
        assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("gunicorn", "--workers", "1", "--threads", "32", "--worker-class", "gthread", "--bind"),
        ("waitress", "--threads=32", "--channel-request-lookahead=1", "--listen"),
    ],
    ids=["gunicorn", "waitress-serve"],
)
def test_wsgi_serves_under_other_servers(instance: Instance, words: tuple[str, ...]) -> None:
    address = f"127.0.0.1:{instance.settings.server.port}"
    module, *options = words
    last = [f"--listen={address}"] if module == "waitress" else ["--bind", address]
    command = [sys.executable, "-m", module, *options[:-1], *last, "wsgi:application"]
    with serving(instance, command=command, ODUFLOW_CONFIG=str(instance.config)) as server:
        await_ready(server)
        assert server.environments() == []
        assert server.request("GET", "/api/environments", auth=("admin", "no")).status_code == 401
        server.terminate()
