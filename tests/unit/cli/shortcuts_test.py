import json
from typing import Any

import pytest

from oduflow import bootstrap
from oduflow.cli import shortcuts
from oduflow.cli.commands import SHORTCUTS
from oduflow.cli.shortcuts import added_lines, is_web_page
from oduflow.domain.outcome import Envelope, Status
from oduflow.kernel.registry import Registry
from oduflow.kernel.runner import Runner
from tests.support.command_line import oduflow


def test_every_shortcut_shows_the_fields_of_its_operation_without_a_configuration(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    registry = Registry.discover(bootstrap.OPERATIONS)

    for name, about in SHORTCUTS.items():
        shown = oduflow(name, "--help")
        assert (shown.exit_code, shown.stderr) == (0, ""), name
        assert shown.output.startswith(f"Usage: oduflow {name}")
        assert registry.get(about.tool).description in shown.output
        assert "--url" in shown.output


def test_a_shortcut_answers_like_its_operation(config):
    short = oduflow("ls", "--json", "--config", config)
    whole = oduflow("call", "list_environments", "--json", "--config", config)

    assert short.exit_code == 0
    assert json.loads(short.stdout) == json.loads(whole.stdout)


def test_a_shortcut_is_refused_like_its_operation(config):
    shown = oduflow("show", "shop", "--config", config)

    assert (shown.exit_code, shown.stdout) == (4, "")
    assert "There is no environment “shop”." in shown.stderr


def test_open_prints_the_url_of_a_running_environment(config, answers):
    answers(url="http://localhost:20001/", name="shop", state="running")

    shown = oduflow("open", "shop", "--config", config)

    assert (shown.exit_code, shown.stdout) == (0, "http://localhost:20001/\n")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "vscode://open", "--help", "javascript:alert(1)"]
)
def test_only_a_web_page_is_opened(url):
    assert is_web_page("https://shop.example.com/")
    assert not is_web_page(url)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("stopped", "shop is stopped and has no URL.\n  → oduflow start shop\n"),
        ("failed", "shop has failed and has no URL.\n  → oduflow show shop  # says why\n"),
        ("lost", "shop has lost its container and has no URL.\n  → oduflow show shop"),
        ("creating", "shop is being created and has no URL.\n  → oduflow ps --active\n"),
        ("of-a-newer-server", "shop is of-a-newer-server and has no URL.\n  → oduflow show shop"),
    ],
)
def test_open_says_how_to_go_on_with_an_environment_that_has_no_url(config, answers, state, said):
    answers(url=None, name="shop", state=state)

    shown = oduflow("open", "shop", "--config", config)

    assert (shown.exit_code, shown.stdout) == (5, "")
    assert said in shown.stderr


def test_logs_are_followed_until_an_interruption(config, monkeypatch, answers):
    logs = iter(["one\ntwo", "one\ntwo\nthree", "two\nthree\nfour"])

    def next_log(_seconds):
        log = next(logs, None)
        if log is None:
            raise KeyboardInterrupt
        answers(name="shop", log=log)

    answers(name="shop", log="")
    monkeypatch.setattr(shortcuts, "sleep", next_log)

    shown = oduflow("logs", "shop", "-f", "--config", config)

    assert (shown.exit_code, shown.stdout) == (130, "one\ntwo\nthree\nfour\n")


def test_a_followed_log_is_asked_for_its_end_and_a_gap_is_shown(config, monkeypatch, answers):
    asked: list[Any] = []
    logs = iter(["one", "three\nfour"])

    def next_log(_runner, _name, raw, *_args, **_options):
        asked.append(raw)
        log = next(logs, None)
        if log is None:
            raise KeyboardInterrupt
        return Envelope[Any](status=Status.OK, summary="done", data={"name": "shop", "log": log})

    monkeypatch.setattr(Runner, "call", next_log)
    monkeypatch.setattr(shortcuts, "sleep", lambda _seconds: None)

    shown = oduflow("logs", "shop", "-f", "--config", config)

    assert (shown.exit_code, shown.stdout) == (130, "one\n…\nthree\nfour\n")
    assert asked == [{"name": "shop", "follow": True}] * 3


def test_lines_that_were_shown_are_not_shown_again():
    assert added_lines([], ["a"]) == ["a"]
    assert added_lines(["a", "b"], ["a", "b"]) == []
    assert added_lines(["a", "b", "b"], ["b", "b", "c"]) == ["c"]
    assert added_lines(["a"], ["x", "y"]) == ["x", "y"]


@pytest.mark.parametrize(
    ("typed", "words", "deleted"), [("y\n", [], 1), ("n\n", [], 0), ("", ["--yes"], 1)]
)
def test_a_person_confirms_a_deletion_and_a_script_does_not(
    config, answers, monkeypatch, typed, words, deleted
):
    called = answers(name="shop")
    monkeypatch.setattr("oduflow.cli.call.is_interactive", lambda: True)

    shown = oduflow("rm", "shop", *words, "--config", config, typed=typed)

    assert (shown.exit_code == 0) == bool(deleted)
    assert len(called) == deleted
    if not deleted:
        assert "Nothing was deleted." in shown.stderr


def test_a_script_is_not_asked_before_a_deletion(config, answers):
    called = answers(name="shop")

    assert oduflow("rm", "shop", "--config", config).exit_code == 0
    assert called == ["delete_environment"]


@pytest.fixture
def config(tmp_path):
    place = tmp_path / "oduflow.toml"
    place.write_text(f'[server]\ndata_dir = "{tmp_path}/data"\n[team.1]\n')
    place.chmod(0o600)
    return place


@pytest.fixture
def answers(monkeypatch):
    """Let every operation answer with some data; return the list of calls."""
    called: list[str] = []

    def answer(**data):
        def call(_runner, name, *_args, **_options):
            called.append(name)
            return Envelope[Any](status=Status.OK, summary="done", data=data)

        monkeypatch.setattr(Runner, "call", call)
        return called

    return answer
