import subprocess
import sys
from pathlib import Path

from tests.support.tree import ROOT, code_files, imports_of, name_of, offenders

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# Folders that may import a library. The contracts forbid imports from a lower layer; this table
# keeps the library of one face out of the others.
ALLOWED = {
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


def test_every_import_contract_is_kept():
    checked = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert ", 0 broken" in checked.stdout


def test_a_library_is_imported_only_in_its_folders():
    assert offenders(code_files(), misplaced_libraries) == {}


def test_nothing_in_the_package_imports_what_lies_outside_it():
    outsiders = {"app", "wsgi", "tests", "bench"}
    outside = {
        name_of(path): modules & outsiders
        for path in code_files()
        if (modules := {module.partition(".")[0] for module in imports_of(path)}) & outsiders
    }

    assert outside == {}


def misplaced_libraries(path: Path) -> set[str]:
    imported = {module.partition(".")[0] for module in imports_of(path)}
    return {
        library
        for library, folders in ALLOWED.items()
        if library in imported and not name_of(path).startswith(folders)
    }
