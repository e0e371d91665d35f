import pytest

from tests.support.command_line import oduflow

URL = "https://host.example"


@pytest.mark.parametrize("command", [["call", "list_environments"], ["tools"]])
@pytest.mark.parametrize("option", [["--team", "1"], ["--config", "oduflow.toml"]])
def test_a_server_elsewhere_has_no_configuration_here(command, option):
    shown = oduflow(*command, "--url", URL, *option)

    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "--team and --config cannot be combined with --url" in shown.stderr


@pytest.mark.parametrize("command", [["call", "list_environments"], ["tools"]])
def test_a_token_file_without_a_server_is_a_mistake(command, tmp_path):
    shown = oduflow(*command, "--token-file", tmp_path / "token")

    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "Add --url." in shown.stderr


@pytest.mark.parametrize("command", [["call", "list_environments"], ["tools"]])
def test_a_server_elsewhere_needs_a_token(command, monkeypatch):
    monkeypatch.delenv("ODUFLOW_TOKEN", raising=False)

    shown = oduflow(*command, "--url", URL)

    assert (shown.exit_code, shown.stdout) == (77, "")
    assert "unauthenticated: There is no token" in shown.stderr
    assert "→ Set $ODUFLOW_TOKEN" in shown.stderr


@pytest.mark.parametrize("command", ["call", "tools"])
def test_the_help_says_where_the_token_comes_from_and_takes_none(command):
    shown = oduflow(command, "--help")

    assert "$ODUFLOW_TOKEN" in shown.output
    assert "--token-file" in shown.output
    assert "--token " not in shown.output


def test_the_help_of_a_call_shows_each_example_on_a_line_of_its_own():
    shown = oduflow("call", "--help").output

    assert "\n    oduflow call list_environments\n" in shown
    assert "\n    oduflow call list_environments --url https://oduflow.example.com\n" in shown
