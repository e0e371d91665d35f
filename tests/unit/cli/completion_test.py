import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from oduflow.cli.app import cli
from oduflow.cli.schemas import local_tool
from oduflow.domain.outcome import Envelope, Status
from oduflow.kernel.runner import Runner
from tests.support.command_line import oduflow


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_the_program_for_suggestions(shell):
    shown = oduflow("completion", shell)

    assert shown.exit_code == 0
    assert f"_ODUFLOW_COMPLETE={shell}_complete" in shown.output


def test_another_shell_is_refused_with_the_choices():
    shown = oduflow("completion", "tcsh")

    assert shown.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in shown.stderr


@pytest.mark.parametrize(
    ("words", "incomplete", "expected"),
    [
        (["call"], "get_env", {"get_environment", "get_environment_login"}),
        (["call", "get_environment_logs", "shop"], "--l", {"--lines", "--level"}),
        (["call", "get_environment_logs", "shop", "--level"], "e", {"error"}),
        (["call", "get_environment"], "s", {"shop", "stage"}),
        (["stop"], "st", {"stage"}),
        (["create", "--template"], "b", {"base-19"}),
        (["ls"], "--", {"--json", "--url", "--team"}),
        ([], "l", {"ls", "login", "logs"}),
    ],
)
def test_operations_fields_values_and_names_are_suggested(listed, words, incomplete, expected):
    found = suggestions([*words, *listed(words)], incomplete)

    assert expected <= found
    assert all(value.startswith(incomplete) for value in found)


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["snapshot"], {"shop", "stage"}),
        (["snapshots"], {"shop", "stage"}),
        (["rollback"], {"shop", "stage"}),
        (["call", "get_environment_login"], {"shop", "stage"}),
        (["call", "delete_template"], {"base-19"}),
        (["call", "rename_template"], {"base-19"}),
        (["call", "update_template"], {"base-19"}),
        (["call", "delete_extra_repo"], {"web"}),
        (["call", "revoke_grant"], {"ci"}),
        (["call", "delete_upload"], {"shop-zip"}),
        (["call", "delete_credential"], {"git.example.com"}),
        (["call", "wait_for_job"], {"abcdefghijkl"}),
        (["call", "import_template"], set()),
        (["call", "rename_template", "base-19"], set()),
        (["copy", "shop"], set()),
    ],
)
def test_the_names_are_those_of_what_the_operation_is_about(
    listed, monkeypatch, remote, words, expected
):
    if remote:
        told = local_tool
        monkeypatch.setattr(
            "oduflow.cli.caller.local_tool", lambda found: replace(told(found), noun="", route="")
        )

    assert suggestions([*words, *listed(words)], "") == expected


@pytest.mark.parametrize("words", [["create"], ["call", "create_environment"]])
def test_no_existing_name_is_suggested_for_a_new_environment(listed, words):
    assert suggestions([*words, *listed(words)], "s") == set()


def test_a_missing_configuration_suggests_nothing(tmp_path):
    wrong = str(tmp_path / "none.toml")

    assert suggestions(["stop", "--config", wrong], "") == set()


def test_the_program_answers_the_shell(tmp_path):
    shown = subprocess.run(
        [sys.executable, "-m", "oduflow"],
        env={
            **os.environ,
            "_ODUFLOW_COMPLETE": "bash_complete",
            "COMP_WORDS": "oduflow st",
            "COMP_CWORD": "1",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert {"plain,start", "plain,stop", "plain,status"} <= set(shown.stdout.split())


def suggestions(words, incomplete):
    return {
        found.value
        for found in ShellComplete(cli, {}, "oduflow", "_ODUFLOW_COMPLETE").get_completions(
            words, incomplete
        )
    }


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """A configuration whose team has two environments and a template; returns its option."""
    place = tmp_path / "oduflow.toml"
    place.write_text(f'[server]\ndata_dir = "{tmp_path}/data"\n[team.1]\n')
    place.chmod(0o600)
    rows = {
        "list_environments": {"environments": [{"name": "shop"}, {"name": "stage"}]},
        "list_credentials": {"credentials": [{"host": "git.example.com"}] * 2},
        "list_extra_repos": {"extra_repos": [{"name": "web"}]},
        "list_grants": {"grants": [{"name": "ci"}]},
        "list_jobs": {"jobs": [{"job": "abcdefghijkl"}]},
        "list_templates": {"templates": [{"name": "base-19"}]},
        "list_uploads": {"uploads": [{"name": "shop-zip"}]},
    }

    def call(_runner, name, *_args, **_options):
        return Envelope[Any](status=Status.OK, summary="", data=rows[name])

    monkeypatch.setattr(Runner, "call", call)
    return lambda words: ["--config", str(place)] if words else []
