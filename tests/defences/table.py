"""The table of defences: one TOML file a section, one table an attack.

`line` says what must hold. `file`, `old` and `new` say how its defence is taken out: a text that
stands there exactly once, and what stands there instead. `tests` fail when it is out. `real` marks
those whose tests need the real parts.
"""

import ast
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Defence:
    """One line of the threat model, and how it is known to be kept.

    Attributes:
        name: section and key, such as `oauth.exact_redirect`.
        line: what must hold, in a sentence.
        file: where the defence stands, from the project's root.
        old: its text; it stands in the file exactly once.
        new: the text without it.
        tests: ids of the tests that fail when it is out, all of them.
        real: whether they need Docker or another real part.
    """

    name: str
    line: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    real: bool = False

    def problems(self, root: Path = ROOT) -> list[str]:
        """Say why this entry proves nothing as it stands; cheap, nothing is run."""
        path = root / self.file
        if not path.is_file():
            return [f"{self.file} is not there"]
        text = path.read_text("utf-8")
        if (count := text.count(self.old)) != 1:
            return [f"its text stands {count} times in {self.file}"]
        said = {
            "it takes nothing out": self.old == self.new,
            "it names no test": not self.tests,
            "without it the file is no Python": path.suffix == ".py"
            and not _is_python(self.taken_out(text)),
        }
        missing = [f"{test} is no test" for test in self.tests if not _is_test(root, test)]
        return [problem for problem, is_so in said.items() if is_so] + missing

    def taken_out(self, text: str) -> str:
        """Return a file's text without the defence."""
        return text.replace(self.old, self.new)


def load(folder: Path = FOLDER) -> tuple[Defence, ...]:
    """Read every table of a folder, in the order of the files."""
    return tuple(
        Defence(f"{path.stem}.{key}", **{**said, "tests": tuple(said["tests"])})
        for path in sorted(folder.glob("*.toml"))
        for key, said in tomllib.loads(path.read_text("utf-8")).items()
    )


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _is_test(root: Path, test: str) -> bool:
    file, _, name = test.partition("::")
    path = root / file
    return path.is_file() and name in _tests_of(path, path.stat().st_mtime_ns)


@cache
def _tests_of(path: Path, _changed: int) -> frozenset[str]:
    """Name the tests of a file, those of a class with the class before them."""
    body: list[tuple[str, ast.stmt]] = [("", node) for node in _parsed(path)]
    for node in _parsed(path):
        if isinstance(node, ast.ClassDef):
            body.extend((f"{node.name}::", inner) for inner in node.body)
    return frozenset(
        f"{before}{node.name}"
        for before, node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


def _parsed(path: Path) -> list[ast.stmt]:
    return ast.parse(path.read_text("utf-8")).body
