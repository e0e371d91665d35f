from types import SimpleNamespace
from typing import Any, cast

import pytest

from oduflow.cli import quickstart
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Kind
from oduflow.domain.outcome import Envelope, ErrorView, Nothing, Status
from oduflow.settings import parse

SECRETS = 'auth_token = "token-0123456789abcdef"\nui_password = "password-0123456789"\n'
MADE = Envelope[Nothing](status=Status.OK, summary="Made.", data=Nothing())


def test_without_the_sample_only_the_template_is_made_and_the_next_step_is_told(capsys):
    called, failures = first("sample = false", MADE)

    said = capsys.readouterr().out
    assert (called, failures) == (["create_template"], [])
    assert "oduflow create NAME" in said
    assert "/web/login" not in said


def test_with_the_sample_the_first_environment_is_made(capsys):
    shown: Any = SimpleNamespace(state=EnvironmentState.RUNNING, url="http://localhost:9/")
    called, _ = first("sample = true", cast("Any", SimpleNamespace(error=None, data=shown)))

    assert called == ["create_template", "create_environment"]
    assert "http://localhost:9/web/login" in capsys.readouterr().out


def test_an_environment_of_another_owner_is_told_and_the_server_goes_on(monkeypatch, capsys):
    monkeypatch.setattr("os.kill", lambda *_words: pytest.fail("the server was ended"))
    error = ErrorView(kind=Kind.CONFLICT, message="“demo” exists.", hint="Delete it.")
    taken = Envelope[Nothing](status=Status.FAILED, summary="No.", error=error)

    _, failures = first("sample = true", MADE, create_environment=taken)

    said = capsys.readouterr()
    assert failures == []
    assert "“demo” exists.\n  → Delete it." in said.err
    assert "Dashboard" in said.out


@pytest.mark.parametrize("sample", ["true", "false"])
def test_what_fails_ends_the_server_and_is_told(sample, monkeypatch, capsys):
    killed: list[int] = []
    monkeypatch.setattr("os.kill", lambda _process, number: killed.append(number))
    error = ErrorView(kind=Kind.UPSTREAM, message="No engine.")
    answer = Envelope[Nothing](status=Status.FAILED, summary="No.", error=error)

    called, failures = first(f"sample = {sample}", answer)

    assert called == ["create_template"]
    assert failures == [error]
    assert len(killed) == 1
    assert "Dashboard" not in capsys.readouterr().out


def first(
    server: str, answer: Envelope[Any], **others: Envelope[Any]
) -> tuple[list[str], list[ErrorView]]:
    called: list[str] = []

    def call(name: str, *_words: Any, **_more: Any) -> Envelope[Any]:
        called.append(name)
        return others.get(name, answer)

    services: Any = SimpleNamespace(
        runner=SimpleNamespace(call=call),
        deps=SimpleNamespace(infrastructure=SimpleNamespace(ensure=lambda: None)),
    )
    failures: list[ErrorView] = []
    quickstart._create_first_environment(
        parse(f"[server]\n{server}\n[team.1]\n{SECRETS}"), services, failures
    )
    return called, failures
