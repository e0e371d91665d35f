import json
import tomllib
from importlib.metadata import version
from typing import Any

import pytest
from click.testing import CliRunner, Result

from oduflow import __version__, bootstrap
from oduflow.cli.app import cli
from oduflow.kernel.registry import Registry
from tests.support.tree import ROOT

PRODUCT = list(Registry.discover(bootstrap.OPERATIONS))
URL = "https://example.com/shop.git"


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(flag):
    shown = oduflow(flag)

    assert shown.exit_code == 0
    for command in ("serve", "quickstart", "call", "tools", "doctor", "images", "destroy"):
        assert f"\n  {command} " in shown.output


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_has_its_own_help(command):
    shown = oduflow(command, "--help")

    assert shown.exit_code == 0
    assert cli.commands[command].help.splitlines()[0] in shown.output


def test_the_version_is_the_packages():
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]

    assert oduflow("--version").output.endswith(f" {__version__}\n")
    assert project["version"] == __version__


def test_tools_lists_every_operation():
    shown = oduflow("tools")

    assert shown.exit_code == 0
    for operation in PRODUCT:
        assert operation.name in shown.output


def test_tools_does_not_need_a_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert oduflow("tools").exit_code == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("operation", PRODUCT, ids=lambda operation: operation.name)
def test_tools_shows_one_operation_with_its_fields(operation):
    shown = oduflow("tools", operation.name)

    assert shown.exit_code == 0
    assert operation.title in shown.output
    assert f"{operation.method} /api{operation.path}" in shown.output
    for name, field in operation.arguments.model_fields.items():
        assert f"\n  {name} ({'required' if field.is_required() else 'default'}" in shown.output
        assert str(field.description) in shown.output


def test_tools_answers_an_unknown_name_with_the_closest():
    shown = oduflow("tools", "create_enviroment")

    assert shown.exit_code == 4
    assert "Did you mean “create_environment”?" in shown.stderr


def test_a_call_prints_what_people_read(config):
    shown = call(config, "list_environments")

    assert shown.exit_code == 0
    assert "0 of 20 environments in use." in shown.stdout
    assert "next: create_environment" in shown.stdout


def test_a_call_prints_its_envelope_for_scripts(config):
    shown = call(config, "--json", "list_environments")

    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["status"] == "ok"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["get_environment", "shop"], 4, "not_found: There is no environment “shop”."),
        (["get_environment"], 2, "invalid: get_environment: name is required."),
        (["get_environment", "--nam", "x"], 2, "invalid: get_environment has no field --nam."),
        (["get_enviroment", "shop"], 4, "not_found: There is no operation “get_enviroment”."),
        (["list_environments", "--team", "2"], 2, "invalid: There is no team “2”."),
    ],
)
def test_a_call_that_is_refused_says_why_and_leaves_with_its_kinds_code(config, words, code, said):
    shown = call(config, *words)

    assert (shown.exit_code, shown.stdout) == (code, "")
    assert said in shown.stderr


def test_a_script_reads_a_failure_from_the_envelope_and_the_exit_code(config):
    shown = call(config, "--json", "get_environment", "name=shop")

    answer = json.loads(shown.stdout)
    assert shown.exit_code == 4
    assert (answer["status"], answer["error"]["kind"]) == ("failed", "not_found")


def test_a_call_is_audited_as_the_person_on_this_machine(config, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "ada")

    call(config, "get_environment_login", "shop")

    (row,) = services(config).deps_audit()
    assert (row.actor.subject, row.face, row.operation) == ("ada", "cli", "get_environment_login")
    assert (row.outcome, row.fields) == ("not_found", {"name": "shop"})


def test_a_wrong_configuration_ends_every_command(tmp_path):
    wrong = tmp_path / "oduflow.toml"
    wrong.write_text("[server]\nhots = 1\n")

    for command in ("serve", "quickstart", "doctor", "destroy"):
        shown = oduflow(command, "--config", str(wrong))
        assert (shown.exit_code, "hots" in shown.stderr) == (2, True), command


def test_destroying_asks_for_the_instances_name(config):
    shown = oduflow("destroy", "--config", str(config), input="something\n")

    assert shown.exit_code == 75
    assert "Nothing was removed." in shown.stderr


def oduflow(*words: str, input: str = "") -> Result:  # noqa: A002 - click's own name for it
    return CliRunner().invoke(cli, words, input=input, prog_name="oduflow", catch_exceptions=False)


def call(config, *words: str) -> Result:
    return oduflow("call", "--config", str(config), *words)


def services(config) -> Any: ...


@pytest.fixture
def config(tmp_path):
    place = tmp_path / "oduflow.toml"
    place.write_text(
        f'[server]\ninstance = "test-cli"\ndata_dir = "{tmp_path}/data"\n'
        '[team.1]\nauth_token = "token-0123456789abcdef"\nui_password = "password-0123456789"\n'
    )
    return place
