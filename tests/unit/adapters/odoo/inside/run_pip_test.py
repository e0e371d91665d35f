"""The scripts are run as in a container: as source, by an interpreter of their own."""

import ast
import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from oduflow.domain.requirements.image import ImagePython

PIP = """
import pathlib, sys
prefix = pathlib.Path(sys.argv[sys.argv.index("--prefix") + 1])
for name in sys.argv[4:]:
    if name == "fail":
        sys.exit(3)
    path = prefix / "local/lib/python3/dist-packages" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)
"""


SCRIPTS = (
    *sorted(Path(str(resources.files("oduflow.adapters.odoo.inside"))).glob("*.py")),
    Path(str(resources.files("oduflow.adapters.odoo"))) / "session_cookie.py",
)
OLDER = "import sys\ndel sys.stdlib_module_names\n"  # which Python 3.9 has not
OLDEST = f"{OLDER}sys.modules['importlib.metadata'] = None\n"  # which Python 3.7 has not
PKG_RESOURCES = """
class Known:
    PKG_INFO = "METADATA"

    def __init__(self, text):
        self.text = text

    def has_metadata(self, name):
        return bool(self.text)

    def get_metadata(self, name):
        return self.text[name]

TINY = "Name: tiny\\nVersion: 1.2\\nProvides-Extra: more\\nRequires-Dist: other; extra == 'more'\\n"
working_set = [Known({"METADATA": TINY}), Known({})]
"""


def run(
    script: str, *arguments: str, path: Path | None = None, before: str = ""
) -> subprocess.CompletedProcess[str]:
    source = (resources.files("oduflow.adapters.odoo.inside") / f"{script}.py").read_text()
    environment = {**os.environ, "PYTHONPATH": str(path or "")}
    return subprocess.run(
        [sys.executable, "-c", f"{before}exec(compile({source!r}, 'script', 'exec'))", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_packages_of_an_interpreter_are_listed():
    listed = run("list_python")

    python = ImagePython.parse(listed.stdout, "here")
    assert str(python.packages["pytest"].version) == pytest.__version__
    assert python.packages["csv"].version is None
    assert python.markers["python_version"] == "{}.{}".format(*sys.version_info)


def test_python_3_7_which_cannot_import_metadata_is_asked_through_setuptools(tmp_path):
    (tmp_path / "pkg_resources.py").write_text(PKG_RESOURCES)

    listed = run("list_python", path=tmp_path, before=OLDEST)

    python = ImagePython.parse(listed.stdout, "here")
    package = python.packages["tiny"]
    assert (str(package.version), package.extras) == ("1.2", ("more",))
    assert package.requires == ("other; extra == 'more'",)
    assert "half-removed" not in python.packages


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_each_script_is_read_by_the_oldest_python_of_an_image(script):
    ast.parse(script.read_text("utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("before", ["", OLDER])
def test_the_modules_of_python_itself_are_listed_whole_by_each_interpreter(before):
    python = ImagePython.parse(run("list_python", before=before).stdout, "here")

    names = {name for name, each in python.packages.items() if each.origin == "Python"}
    assert {"csv", "json", "math", "sqlite3", "sys", "unittest", "xml"} <= names
    assert not {"pytest", "pip", "site-packages"} & names


@pytest.fixture
def pip(tmp_path):
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__init__.py").write_text("")
    (tmp_path / "pip" / "__main__.py").write_text(PIP)
    target = tmp_path / "deps"
    target.mkdir()

    def install(*files: str) -> tuple[int, str, list[str]]:
        ended = run("run_pip", str(target), str(target / "odoo-addons"), *files, path=tmp_path)
        found = (path for path in target.rglob("*") if path.is_file())
        return ended.returncode, ended.stdout, sorted(str(x.relative_to(target)) for x in found)

    return install


def test_what_pip_installs_comes_to_one_folder_without_what_is_there_already(pip):
    code, said, found = pip("new.py", "new-1.dist-info/METADATA", "enum/__init__.py", "csv.py")

    assert (code, found) == (0, ["new-1.dist-info/METADATA", "new.py"])
    assert "enum is in the image already" in said


def test_addons_come_to_the_folder_of_addons_and_nothing_replaces_odoo(pip):
    code, _, found = pip("odoo/addons/queue_job/__init__.py", "odoo/__init__.py")

    assert (code, found) == (0, ["odoo-addons/queue_job/__init__.py"])


def test_namespaces_of_several_packages_are_merged(pip):
    pip("shared_names/one/a.py")
    code, _, found = pip("shared_names/two/b.py")

    assert (code, found) == (0, ["shared_names/one/a.py", "shared_names/two/b.py"])


def test_a_failure_of_pip_is_passed_on_and_leaves_nothing(pip):
    assert pip("new.py", "fail")[::2] == (3, [])
