import pytest

from oduflow.cli.process_title import masked_command_line

TOKEN = "ghp_A1b2C3d4E5f6G7h8I9j0"
URL = f"https://me:{TOKEN}@github.com/acme/addons.git"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["call", "setup_repo_auth", URL], "oduflow call setup_repo_auth …"),
        (
            ["call", "--team", "1", "setup_repo_auth", "x"],
            "oduflow call --team 1 setup_repo_auth …",
        ),
        (["call", "setup_repo_auth", f"--repo_url={URL}"], "oduflow call setup_repo_auth …"),
        (
            ["call", "get_environment", URL],
            "oduflow call get_environment https://****@github.com/acme/addons.git",
        ),
        ([TOKEN], "oduflow ghp_****"),
        (["serve", "--config", "/etc/oduflow.toml"], None),
        (["call", "list_environments"], None),
    ],
)
def test_a_command_line_that_may_hold_a_token_is_written_over(words, shown):
    written = masked_command_line(["/usr/bin/oduflow", *words])
    assert written == shown
    assert TOKEN not in str(written)
