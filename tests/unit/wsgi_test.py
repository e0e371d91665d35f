"""Importing the application must not touch the world: a server forks or reloads as it likes."""

import importlib.util
import socket
from pathlib import Path

import pytest
from flask import Flask

from tests.support.fakes import ONE_TEAM

WSGI = Path(__file__).parents[2] / "wsgi.py"


def test_importing_it_opens_no_connection_and_writes_nothing(application, folder):
    assert isinstance(application, Flask)
    assert sorted(found.name for found in folder.iterdir()) == ["oduflow.toml"]


def test_it_serves_the_configuration_that_is_found(application):
    answer = application.test_client().get("/healthz", base_url="http://localhost:8123")
    assert answer.status_code == 200


@pytest.fixture
def application(folder, monkeypatch):
    def refuse(*_arguments: object) -> None:
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
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
