"""Modules are imported only when needed, to keep every command fast."""

import subprocess
import sys

import pytest

from tests.support.tree import ROOT

LOADED = "import sys; {}; print(*sys.modules, sep='\\n')"


def loaded_by(code: str) -> set[str]:
    """Return the modules that are imported after code ran in a new process."""
    ran = subprocess.run(
        [sys.executable, "-c", LOADED.format(code)], capture_output=True, text=True, check=True
    )
    return set(ran.stdout.split())


def test_the_help_loads_no_command() -> None:
    modules = loaded_by("from oduflow.cli.app import cli; cli(['--help'], standalone_mode=False)")

    loaded = {name for name in modules if name.startswith("oduflow.cli.")}
    assert loaded == {"oduflow.cli.app", "oduflow.cli.commands"}
    assert not modules & {"sqlalchemy", "flask", "docker", "mcp"}


@pytest.mark.thorough
@pytest.mark.parametrize("module", ["oduflow.web", "oduflow.cli.call", "oduflow.cli.serve"])
def test_the_sdk_is_loaded_with_the_first_call_over_mcp(module: str) -> None:
    assert "mcp" not in loaded_by(f"import {module}")


def test_a_server_with_mcp_loads_no_library_that_it_rarely_uses() -> None:
    """Each takes 3 to 10 MB of memory for as long as the server runs."""
    server = loaded_by("import oduflow.cli.serve, oduflow.blueprints.mcp.event_loop")

    assert not server & {
        "alembic",  # only a server that migrates its store
        "authlib.jose",
        "joserfc",
        "rich",
        "sqlalchemy.orm",
        "zstandard",  # only a restore of a backup that was packed by it
    }


def test_the_helper_that_git_runs_needs_no_installed_package() -> None:
    """It runs with -I -S for a quick start; what it cannot import would refuse every credential."""
    package = "oduflow.adapters.git.credentials"
    code = f"import sys; sys.path.insert(0, sys.argv[1]); import {package}.offer, {package}.entries"
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
