import subprocess
import sys

import pytest

from tests.support.tree import ROOT, code_files, imports_of, name_of

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# Where a library's name may be seen at all. The contracts keep imports from going upwards; this
# keeps a face's library out of the other faces.
ROOMS = {
    "authlib": ("oduflow/blueprints/oauth/",),
    "click": ("oduflow/cli/",),
    "flask": ("oduflow/blueprints/", "oduflow/web.py", "oduflow/cli/serve.py"),
    "flask_dance": ("oduflow/blueprints/oauth/",),
    "flask_httpauth": ("oduflow/blueprints/auth/",),
    "httpx2": ("oduflow/cli/remote/",),
    "mcp": ("oduflow/blueprints/mcp/", "oduflow/blueprints/oauth/", "oduflow/cli/remote/"),
    "oauthlib": ("oduflow/blueprints/oauth/",),
    "rich": ("oduflow/cli/",),
    "waitress": ("oduflow/cli/", "oduflow/adapters/git/"),
    "werkzeug": ("oduflow/blueprints/", "oduflow/web.py"),
}


def test_every_contract_of_the_staircase_is_kept():
    checked = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert ", 0 broken" in checked.stdout


@pytest.mark.parametrize("library", ROOMS)
def test_a_library_stays_in_its_room(library):
    outside = [
        name_of(path)
        for path in code_files()
        if library in {module.partition(".")[0] for module in imports_of(path)}
        and not name_of(path).startswith(ROOMS[library])
    ]

    assert outside == []


def test_nothing_in_the_package_imports_what_lies_outside_it():
    outsiders = {"app", "wsgi", "tests", "bench"}
    outside = {
        name_of(path): modules & outsiders
        for path in code_files()
        if (modules := {module.partition(".")[0] for module in imports_of(path)}) & outsiders
    }

    assert outside == {}
