"""The page about the architecture names the layers, files and classes of the tree."""

import ast
import re
from configparser import ConfigParser
from functools import cache
from pathlib import Path

from tests.support.tree import PRODUCT, ROOT, code_files, nodes_of

PAGE = ROOT / "docs/architecture.md"
PICTURE = ROOT / "docs/architecture.svg"
TEXT = PAGE.read_text("utf-8")
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w<>.-]*/[\w<>./-]*|[\w<>]+\.(?:py|txt)|\.importlinter")
NAME = re.compile(r"([A-Za-z_]\w*)(?:\.([a-z_]\w*))?\(\)|([A-Z]\w+)(?:\.(\w+))?")
# Names directly after a path: `kernel/locks.py` `LockKey`, or a list after a colon.
BESIDE = re.compile(r"`([^`\n]+\.py)`:?\s+((?:`[A-Za-z_][\w.]*(?:\(\))?`(?:,\s+)?)+)")
ROW = re.compile(r"^\| ((?:`[a-z_0-9]+`(?:, )?)+) \| (.+) \|$", re.MULTILINE)
RECIPES = 10


def test_its_layers_are_those_of_the_import_contracts_in_their_order():
    layers = [SPAN.findall(row) for row, _ in rows("What it holds")]
    contract = contracts()["importlinter:contract:layers"]["layers"].split("\n")

    assert layers == [each.split(" | ") for each in contract if each and not each.startswith("(")]


def test_its_table_of_libraries_is_that_of_the_import_contracts():
    shown = {
        library: where.strip("`").rstrip("/").replace("/", ".")
        for libraries, where in rows("imported by")
        for library in SPAN.findall(libraries)
    }
    protected = {
        library: contract["allowed_importers"].strip().removeprefix("oduflow.")
        for contract in contracts().values()
        if contract.get("type") == "protected"
        for library in contract["protected_modules"].split()
    }

    assert shown == protected


def test_its_picture_shows_every_layer():
    names = re.findall(r'class="layer"[^>]*>([^<]+)<', PICTURE.read_text("utf-8"))

    assert names == [" | ".join(SPAN.findall(row)) for row, _ in rows("What it holds")]


def test_every_path_that_it_names_exists():
    paths = [span for span in SPAN.findall(TEXT) if PATH.fullmatch(span)]

    assert len(paths) > 100
    assert [path for path in paths if not exists(path)] == []


def test_every_name_beside_a_file_is_defined_in_that_file():
    pairs = [
        (path, name.removesuffix("()"))
        for path, names in BESIDE.findall(TEXT)
        for name in SPAN.findall(names)
    ]

    assert len(pairs) > 40
    assert [pair for pair in pairs if not is_defined(pair[1], files_at(pair[0]))] == []


def test_every_other_class_and_function_that_it_names_is_defined():
    names = [span for span in SPAN.findall(TEXT) if NAME.fullmatch(span) and not exists(span)]
    files = [*code_files(), *Path(ROOT / "tests").rglob("*.py")]

    assert len(names) > 40
    assert [name for name in names if not is_defined(name.removesuffix("()"), files)] == []


def test_it_says_where_the_likeliest_changes_go():
    _, _, recipes = TEXT.partition("## Where do I put…")

    assert len(re.findall(r"^### ", recipes, re.MULTILINE)) == RECIPES


def test_what_the_tree_lacks_is_noticed():
    assert not exists("kernel/absent.py")
    assert not exists("operations/<noun>/absent.py")
    locks = files_at("kernel/locks.py")
    assert is_defined("LockKey", locks)
    assert is_defined("LockKey.job", locks)
    assert not is_defined("LockKey.absent", locks)
    assert not is_defined("LockKey", files_at("kernel/jobs.py"))


def contracts() -> ConfigParser:
    parser = ConfigParser()
    parser.read(ROOT / ".importlinter")
    return parser


def rows(column: str) -> list[tuple[str, str]]:
    """Return the rows of the table with that second column."""
    _, _, table = TEXT.lower().partition(f"| {column.lower()} |")
    return ROW.findall(table.partition("\n\n")[0])


def exists(path: str) -> bool:
    """Return whether a path exists; `<noun>` in it means any name."""
    return bool(files_at(path))


def files_at(path: str) -> list[Path]:
    """Return the files and folders of a path."""
    pattern = re.sub(r"<\w+>", "*", path)
    return [found for root in (ROOT, PRODUCT) for found in root.glob(pattern)]


def is_defined(name: str, files: list[Path]) -> bool:
    """Return whether a file defines a name, or the class before the dot with that member."""
    return any(name in definitions(file) for file in files if defines_a_part(name, file))


def defines_a_part(name: str, file: Path) -> bool:
    """Return whether a file has the name's last part at all: most need not be parsed."""
    return name.rpartition(".")[2] in text_of(file)


@cache
def text_of(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


@cache
def definitions(path: Path) -> frozenset[str]:
    """Return what a file defines: functions, constants, and classes with their members."""
    found: set[str] = set()
    for node in nodes_of(path):
        found |= assigned(node)
        if isinstance(node, ast.ClassDef):
            members = set[str]().union(*map(assigned, node.body), own_attributes(node))
            found |= {f"{node.name}.{member}" for member in members}
    return frozenset(found)


def own_attributes(node: ast.ClassDef) -> set[str]:
    """Return the attributes that a class sets on itself."""
    return {
        part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute)
        and isinstance(part.ctx, ast.Store)
        and isinstance(part.value, ast.Name)
        and part.value.id == "self"
    }


def assigned(node: ast.AST) -> set[str]:
    """Return the names that one statement defines."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}
