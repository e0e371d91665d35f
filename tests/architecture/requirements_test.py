import re
import tomllib
from importlib.metadata import packages_distributions, version

from tests.support.tree import ROOT, code_files, imports_of

LINE = re.compile(
    r"(?P<name>[a-z0-9-]+)(?P<extras>\[[a-z,]+\])?==(?P<version>[0-9][\w.]*)(?:\s+# (?P<why>.+))?"
)
INCLUDE = "-r requirements.txt"


def lines_of(name: str) -> list[str]:
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#") and line != INCLUDE]


MODULES = packages_distributions()
RUNTIME = lines_of("requirements.txt")
EVERYTHING = RUNTIME + lines_of("requirements-dev.txt")


def modules_of(requirement: str) -> set[str]:
    """Name the modules that a requirement installs."""
    return {
        module
        for module, distributions in MODULES.items()
        if requirement in {name.lower().replace("_", "-") for name in distributions}
    }


def part(line: str, key: str) -> str:
    found = LINE.fullmatch(line)
    assert found, f"{line!r} is not pinned as name==version"
    return found[key] or ""


def test_every_requirement_is_pinned_to_what_the_tests_run_with():
    installed = [version(part(line, "name")) for line in EVERYTHING]

    assert installed == [part(line, "version") for line in EVERYTHING]


def test_every_runtime_requirement_says_what_it_is_for():
    assert [line for line in RUNTIME if not part(line, "why")] == []


def test_every_runtime_requirement_is_imported():
    imported = {module.partition(".")[0] for path in code_files() for module in imports_of(path)}

    assert [line for line in RUNTIME if not modules_of(part(line, "name")) & imported] == []


def test_no_requirement_is_listed_twice():
    for name in ("requirements.txt", "requirements-dev.txt"):
        names = [part(line, "name") for line in lines_of(name)]
        assert len(names) == len(set(names)), name


def test_the_package_depends_on_what_is_pinned():
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared = tomllib.load(file)

    assert "dependencies" in declared["project"]["dynamic"]
    assert declared["tool"]["setuptools"]["dynamic"]["dependencies"] == {
        "file": ["requirements.txt"]
    }
