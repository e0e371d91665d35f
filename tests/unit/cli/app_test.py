import re
import tomllib

import pytest
from click import Context

from oduflow import __version__
from oduflow.cli.app import cli
from oduflow.cli.commands import COMMANDS, SHORTCUTS
from tests.support.command_line import oduflow
from tests.support.tree import ROOT


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(flag):
    shown = oduflow(flag)

    assert shown.exit_code == 0
    assert {"serve", "quickstart", "call", "tools", "doctor", "images", "destroy"} <= set(COMMANDS)
    for command, says in (
        COMMANDS.items() | {name: each.help for name, each in SHORTCUTS.items()}.items()
    ):
        assert re.search(rf"\n  {command} +{re.escape(says)}\n", shown.output)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_its_own_help(command):
    shown = oduflow(command, "--help")

    assert shown.exit_code == 0
    loaded = cli.get_command(Context(cli), command)
    assert loaded is not None
    assert loaded.name == command
    assert (loaded.help or "-").splitlines()[0] in shown.output


def test_the_version_is_the_packages():
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]

    assert oduflow("--version").output.endswith(f" {__version__}\n")
    assert project["version"] == __version__


def test_a_wrong_configuration_ends_every_command(tmp_path):
    wrong = tmp_path / "oduflow.toml"
    wrong.write_text("[server]\nhots = 1\n")

    for command in ("serve", "quickstart", "doctor", "destroy"):
        shown = oduflow(command, "--config", wrong)
        assert (shown.exit_code, "hots" in shown.stderr) == (2, True), command


def test_destroying_asks_for_the_instances_name(config):
    shown = oduflow("destroy", "--config", config, typed="something\n")

    assert shown.exit_code == 75
    assert "Nothing was removed." in shown.stderr


@pytest.fixture
def config(tmp_path):
    place = tmp_path / "oduflow.toml"
    place.write_text(
        f'[server]\ninstance = "test-cli"\ndata_dir = "{tmp_path}/data"\n'
        '[team.1]\nauth_token = "token-0123456789abcdef"\nui_password = "password-0123456789"\n'
    )
    return place
