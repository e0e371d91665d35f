"""Find the names that Python code uses when it is imported, and what it calls then."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator


def used_outside(tree: ast.Module) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that are used outside of functions, and those of functions called there.

    What such a function calls is called as well. Decorators take no part in what they decorate.
    """
    used, called = set[str](), set[str]()
    for node in _outside(tree.body):
        if isinstance(node, ast.Name):
            used.add(node.id)
        called |= _callee(node)
    return frozenset(used), _closure(tree, called)


def _closure(tree: ast.Module, called: Iterable[str]) -> frozenset[str]:
    """Return names of functions with those that they call, of every class."""
    bodies = defaultdict[str, list[ast.AST]](list)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            bodies[node.name].append(node)
    found, left = set[str](), list(called)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            inner = (part for body in bodies[name] for part in ast.walk(body))
            left += (each for part in inner for each in _callee(part))
    return frozenset(found)


def _callee(node: ast.AST) -> set[str]:
    """Return the name of what a call calls: `kinds` of `kinds()` and of `Sizes.kinds()`."""
    if not isinstance(node, ast.Call):
        return set()
    if isinstance(node.func, ast.Attribute):
        return {node.func.attr}
    return {node.func.id} if isinstance(node.func, ast.Name) else set()


def _outside(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes that run when the code is imported."""
    left = list(body)
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        yield node
        left += ast.iter_child_nodes(node)
