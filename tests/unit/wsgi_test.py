"""Importing the application must not touch the world: a server forks or reloads as it likes."""

import importlib.util
import signal
import socket
import sys
from pathlib import Path
from types import ModuleType

import pytest
from flask import Flask

from oduflow import bootstrap
from oduflow.domain.errors import UpstreamFailed
from oduflow.services.server.reconcile_loop import ReconcileLoop
from oduflow.web import create_app
from tests.support.fakes import ONE_TEAM

WSGI = Path(__file__).parents[2] / "wsgi.py"


def test_importing_it_opens_no_connection_and_starts_no_work(application, started):
    assert isinstance(application, Flask)
    assert started == ["log"]


def test_wsgi_serves_the_configuration_it_finds_and_starts_its_loops_at_the_first_request(
    application, started
):
    answer = application.test_client().get("/healthz", base_url="http://localhost:8123")
    assert answer.status_code == 200
    assert started == ["log", "keeper"]


def test_a_second_one_on_the_same_folder_exits_2_and_says_how_to_use_threads(
    application, folder, capsys
):
    with pytest.raises(SystemExit) as left:
        create_app()
    assert left.value.code == 2
    assert "--workers 1 --threads 35" in capsys.readouterr().err


def test_under_gunicorn_it_leaves_with_the_code_that_ends_gunicorn_too(
    folder, started, monkeypatch, capsys
):
    (folder / "oduflow.toml").write_text("[server]\nprot = 1\n")
    monkeypatch.setenv("ODUFLOW_CONFIG", str(folder / "oduflow.toml"))
    monkeypatch.setitem(sys.modules, "gunicorn", ModuleType("gunicorn"))

    with pytest.raises(SystemExit) as left:
        create_app()

    assert left.value.code == 4
    assert "server.prot" in capsys.readouterr().err


def test_what_has_no_effect_is_told(folder, started, monkeypatch, caplog):
    config = folder / "oduflow.toml"
    config.write_text(config.read_text().replace("[server]", "[server]\nsample = true"))
    config.write_text(f"{config.read_text()}[lifecycle]\nauto_stop_hours = 5\n")
    monkeypatch.setenv("ODUFLOW_CONFIG", str(config))

    create_app()

    assert "[lifecycle] auto_stop_hours has no effect yet" in caplog.text
    assert "[server] sample has no effect here" in caplog.text


def test_a_start_that_fails_says_why_without_a_traceback(folder, started, monkeypatch, capsys):
    def refuse(_services: object, **_how: object) -> None:
        raise UpstreamFailed("The data folder cannot be written.", "Make it writable.")

    monkeypatch.setenv("ODUFLOW_CONFIG", str(folder / "oduflow.toml"))
    monkeypatch.setattr(bootstrap, "serve_alone", refuse)

    with pytest.raises(SystemExit) as left:
        create_app()

    assert left.value.code == 2
    assert "upstream: The data folder cannot be written." in capsys.readouterr().err


@pytest.fixture
def started(monkeypatch):
    calls: list[str] = []
    monkeypatch.delitem(sys.modules, "gunicorn", raising=False)  # as under any other server
    monkeypatch.setattr(ReconcileLoop, "start", lambda _loop: calls.append("keeper"))
    before = signal.getsignal(signal.SIGTERM)
    yield calls
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def application(folder, started, monkeypatch):
    def refuse(*_arguments: object) -> None:
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("oduflow.cli.serve.set_up_logging", lambda: started.append("log"))
    monkeypatch.setenv("ODUFLOW_CONFIG", str(folder / "oduflow.toml"))
    spec = importlib.util.spec_from_file_location("wsgi_under_test", WSGI)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.application


@pytest.fixture
def folder(tmp_path):
    text = f'[server]\nport = 8123\ndata_dir = "data"\n{ONE_TEAM}'
    (tmp_path / "oduflow.toml").write_text(text)
    return tmp_path
