"""Find the names that Python code uses when it is imported, and what upgrades run of it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress

from oduflow.domain.python_syntax import UNREADABLE, parsed

# Run by an upgrade, and not when the process starts.
RUN_BY_UPGRADES = frozenset({"init", "_auto_init"})
ANY = "*"  # in place of names: every function
# Overridden in many models: a name does not tell in which one it is called.
_ORM = frozenset(
    {
        "browse",
        "copy",
        "copy_data",
        "create",
        "default_get",
        "execute",
        "exists",
        "fields_get",
        "get",
        "name_get",
        "name_search",
        "read",
        "read_group",
        "search",
        "search_count",
        "search_read",
        "unlink",
        "write",
    }
)
_FUNCTION = re.compile(rb"""<function\b[^>]*\bname\s*=\s*["'](\w+)["']""")
_CALL = re.compile(rb"""\.\s*(\w+)\s*\(""")


def used_outside(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """Return the names that statements use outside of functions."""
    return frozenset(node.id for node in _outside(statements) if isinstance(node, ast.Name))


def called_by(trees: Iterable[ast.Module], names: Iterable[str]) -> frozenset[str]:
    """Return the names of functions that upgrades run.

    They are those of `names`, those that are called outside of functions, and what they call, in
    any of the files and of every class: names tell no more. Methods of Odoo's ORM are left out,
    because each model has them.
    """
    references, left = defaultdict[str, set[str]](set), set(names)
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                references[node.name].update(*map(_references, ast.walk(node)))
        left.update(*map(_callee, _outside(tree.body)))
    found = set[str]()
    while left := left - found - _ORM:
        found |= left
        left = set[str]().union(*(references[name] for name in left))
    return frozenset(found)


def run_by_upgrades(code: Iterable[bytes], data: Iterable[bytes]) -> frozenset[str]:
    """Return the names of functions that upgrades of modules run.

    Args:
        code: their Python files; one that cannot be read has no functions.
        data: their files of data, which may call functions.
    """
    named = set(RUN_BY_UPGRADES)
    for text in data:
        found = (*_FUNCTION.findall(text), *_CALL.findall(text))
        named |= {name.decode(errors="replace") for name in found}
    return called_by(_readable(code), named)


def _readable(code: Iterable[bytes]) -> Iterator[ast.Module]:
    for source in code:
        with suppress(*UNREADABLE):
            yield parsed(source)


def _callee(node: ast.AST) -> set[str]:
    """Return the name of what a call calls: `kinds` of `kinds()` and of `Sizes.kinds()`."""
    if not isinstance(node, ast.Call):
        return set()
    if isinstance(node.func, ast.Attribute):
        return {node.func.attr}
    return {node.func.id} if isinstance(node.func, ast.Name) else set()


def _references(node: ast.AST) -> set[str]:
    """Return the names that code refers to, also of a property or of a function that it passes.

    A text is one in `getattr(self, "_tables")()` only.
    """
    if isinstance(node, ast.Attribute):
        return {node.attr}
    if isinstance(node, ast.Call) and _callee(node) == {"getattr"}:
        return set(map(_text, node.args))
    return {node.id} if isinstance(node, ast.Name) else set()


def _text(node: ast.expr) -> str:
    """Return a text that code has as a constant; empty for other code."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _outside(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes that run when the code is imported."""
    left = list(body)
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        yield node
        left += ast.iter_child_nodes(node)
