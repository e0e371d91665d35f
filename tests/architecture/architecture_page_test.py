"""The page about the architecture names the layers, files and classes of the tree."""

import ast
import re
from configparser import ConfigParser
from pathlib import Path

from tests.support.tree import PRODUCT, ROOT, code_files, nodes_of

PAGE = ROOT / "docs/architecture.md"
PICTURE = ROOT / "docs/architecture.svg"
TEXT = PAGE.read_text("utf-8")
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w<>.-]*/[\w<>./-]*|[\w<>]+\.(?:py|txt)|\.importlinter")
NAME = re.compile(r"([A-Za-z_]\w*)(?:\.([a-z_]\w*))?\(\)|([A-Z]\w+)(?:\.(\w+))?")
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


def test_every_class_and_function_that_it_names_is_defined():
    names = [span for span in SPAN.findall(TEXT) if NAME.fullmatch(span) and not exists(span)]
    defined = definitions()

    assert len(names) > 40
    assert [name for name in names if not defined >= set(re.findall(r"\w+", name))] == []


def test_it_says_where_the_likeliest_changes_go():
    _, _, recipes = TEXT.partition("## Where do I put…")

    assert len(re.findall(r"^### ", recipes, re.MULTILINE)) == RECIPES


def test_what_the_tree_lacks_is_noticed():
    assert not exists("kernel/absent.py")
    assert not exists("operations/<noun>/absent.py")
    assert not {"Absent"} <= definitions()


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
    pattern = re.sub(r"<\w+>", "*", path)
    return any(found for root in (ROOT, PRODUCT) for found in list(root.glob(pattern)))


def definitions() -> set[str]:
    """Return the names of classes, functions, constants and fields in product and fakes."""
    found: set[str] = set()
    for path in [*code_files(), *Path(ROOT / "tests").rglob("*.py")]:
        for node in nodes_of(path):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
    return found
