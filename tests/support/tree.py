"""The project's own files, for tests about the code itself."""

import ast
import subprocess
from collections.abc import Callable, Collection, Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "oduflow"
SAMPLE = PRODUCT / "sample"  # Odoo addons: Odoo's conventions


def project_files() -> list[Path]:
    """List the files that git tracks or does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return sorted(path for path in paths if path.is_file())


def code_files() -> list[Path]:
    """List the product's modules."""
    return sorted(path for path in PRODUCT.rglob("*.py") if SAMPLE not in path.parents)


def lines_of(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def offenders(
    paths: Iterable[Path], find: Callable[[Path], Collection[str]]
) -> dict[str, Collection[str]]:
    """Map each file that breaks a rule to what `find` returned for it: one test, every file."""
    return {name_of(path): found for path in paths if (found := find(path))}


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """List every node of a module's syntax tree."""
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"), str(path))))


@cache
def imports_of(path: Path) -> set[str]:
    """Name the modules a file imports."""
    found: set[str] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found
