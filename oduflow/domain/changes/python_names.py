"""Find the names that Python code uses when it is imported, and what upgrades run of it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from oduflow.domain.python_syntax import UNREADABLE, parsed

# Run by an upgrade, and not when the process starts.
RUN_BY_UPGRADES = frozenset({"init", "_auto_init"})
ANY = "*"  # in place of names: every function
_FUNCTION = re.compile(rb"""<function\b[^>]*\bname\s*=\s*["'](\w+)["']""")
_CALL = re.compile(rb"""\.\s*(\w+)\s*\(""")


def used_outside(tree: ast.Module) -> frozenset[str]:
    """Return the names that are used outside of functions."""
    return frozenset(node.id for node in _outside(tree.body) if isinstance(node, ast.Name))


def called_by(trees: Iterable[ast.Module], names: Iterable[str]) -> frozenset[str]:
    """Return the names of functions that upgrades run.

    They are those of `names`, those that are called outside of functions, and what they call, in
    any of the files and of every class: names tell no more.
    """
    bodies, left = defaultdict[str, list[ast.AST]](list), list(names)
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                bodies[node.name].append(node)
        left += (name for node in _outside(tree.body) for name in _callee(node))
    found = set[str]()
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            inner = (part for body in bodies[name] for part in ast.walk(body))
            left += (each for part in inner if (each := _reference(part)))
    return frozenset(found)


def run_by_upgrades(code: Iterable[bytes], data: Iterable[bytes]) -> frozenset[str]:
    """Return the names of functions that upgrades of modules run.

    Args:
        code: their Python files; one that cannot be read has no functions.
        data: their files of data, which may call functions.
    """
    trees, named = list[ast.Module](), set(RUN_BY_UPGRADES)
    for source in code:
        try:
            trees.append(parsed(source))
        except UNREADABLE:
            continue
    for text in data:
        if b"<function" in text:
            found = (*_FUNCTION.findall(text), *_CALL.findall(text))
            named |= {name.decode(errors="replace") for name in found}
    return called_by(trees, named)


def _callee(node: ast.AST) -> set[str]:
    """Return the name of what a call calls: `kinds` of `kinds()` and of `Sizes.kinds()`."""
    if not isinstance(node, ast.Call):
        return set()
    if isinstance(node.func, ast.Attribute):
        return {node.func.attr}
    return {node.func.id} if isinstance(node.func, ast.Name) else set()


def _reference(node: ast.AST) -> str:
    """Return the name that code refers to, also of a property or of a function that it passes.

    A text may be one, too: `getattr(self, "_tables")()`.
    """
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value if node.value.isidentifier() else ""
    return node.id if isinstance(node, ast.Name) else ""


def _outside(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes that run when the code is imported."""
    left = list(body)
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        yield node
        left += ast.iter_child_nodes(node)
