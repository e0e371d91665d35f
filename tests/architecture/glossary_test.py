"""The glossary is short, ordered, and names what the tree holds."""

import ast
import re
from pathlib import Path

from tests.support.tree import PRODUCT, ROOT, code_files, nodes_of

GLOSSARY = ROOT / "docs/glossary.md"
ROW = re.compile(r"^\| ([a-z][a-z -]*) \| (.+) \| (.+) \|$", re.MULTILINE)
SPAN = re.compile(r"`([^`]+)`")
MOST = 40


def test_the_glossary_is_short_and_alphabetical():
    terms = [term for term, *_ in rows()]

    assert len(terms) == GLOSSARY.read_text("utf-8").count("\n| ") - 1, "a row was not read"
    assert 0 < len(terms) <= MOST
    assert terms == sorted(set(terms))


def test_every_meaning_is_one_sentence():
    assert [term for term, meaning, _ in rows() if not re.fullmatch(r"[^|]+\.", meaning)] == []


def test_every_term_names_a_module_or_a_class_of_the_tree():
    assert {term: where for term, _, where in rows() if not exists(SPAN.findall(where))} == {}


def test_a_name_that_the_tree_lacks_would_be_noticed():
    assert not exists([])
    assert not exists(["kernel/absent.py"])
    assert not exists(["kernel/runner.py", "Absent"])


def test_every_term_is_used_in_the_code_or_the_guides():
    others = [path for path in ROOT.glob("docs/**/*.md") if path != GLOSSARY]
    text = " ".join(path.read_text("utf-8").lower() for path in [*others, *code_files()])

    assert [term for term, *_ in rows() if not re.search(pattern(term), text)] == []


def test_every_noun_of_the_operations_is_a_term():
    folders = [
        path for path in (PRODUCT / "operations").iterdir() if (path / "__init__.py").exists()
    ]
    nouns = {path.name.removesuffix("s").replace("_", " ") for path in folders}
    words = {term for term, *_ in rows()} | {term.partition(" ")[0] for term, *_ in rows()}

    assert nouns
    assert nouns - words == set()


def rows() -> list[tuple[str, str, str]]:
    """Return term, meaning and place of each row."""
    found = ROW.findall(GLOSSARY.read_text("utf-8"))
    return [row for row in found if row[0] != "term"]


def pattern(term: str) -> str:
    """Match a term in prose and in names: `boot slot`, `boot_slot`, `BootSlot`."""
    return r"[ _\n-]*".join(map(re.escape, re.split("[ -]", term)))


def exists(names: list[str]) -> bool:
    """Return whether each path is below the product and the last module defines each other name."""
    module: Path | None = None
    for name in names:
        if "/" in name:
            module = PRODUCT / name
            if not module.exists():
                return False
        elif module is None or not module.is_file() or name not in defined_in(module):
            return False
    return module is not None


def defined_in(module: Path) -> set[str]:
    nodes = nodes_of(module)
    named = (ast.ClassDef, ast.FunctionDef)
    assigned = [node.targets[0] for node in nodes if isinstance(node, ast.Assign)]
    return {node.name for node in nodes if isinstance(node, named)} | {
        node.id for node in assigned if isinstance(node, ast.Name)
    }
