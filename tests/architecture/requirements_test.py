import re
import tomllib
from importlib.metadata import packages_distributions, version

import pytest

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


def part(line: str, key: str) -> str:
    found = LINE.fullmatch(line)
    assert found, f"{line!r} is not pinned as name==version"
    return found[key] or ""


@pytest.mark.parametrize("line", EVERYTHING)
def test_a_requirement_is_pinned_to_what_the_tests_run_with(line: str):
    assert version(part(line, "name")) == part(line, "version")


@pytest.mark.parametrize("line", RUNTIME)
def test_a_requirement_says_what_it_is_for(line: str):
    assert part(line, "why")


@pytest.mark.parametrize("line", RUNTIME)
def test_a_requirement_is_used(line: str):
    imported = {module.partition(".")[0] for path in code_files() for module in imports_of(path)}
    modules = {
        module
        for module, distributions in MODULES.items()
        if part(line, "name") in {name.lower().replace("_", "-") for name in distributions}
    }

    assert modules & imported


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_a_requirement_stands_once(name: str):
    names = [part(line, "name") for line in lines_of(name)]

    assert len(names) == len(set(names))


def test_the_package_depends_on_what_is_pinned():
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared = tomllib.load(file)

    assert "dependencies" in declared["project"]["dynamic"]
    assert declared["tool"]["setuptools"]["dynamic"]["dependencies"] == {
        "file": ["requirements.txt"]
    }
