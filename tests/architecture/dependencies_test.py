"""Services take the group, adapter or callable that they need, not the whole `Deps`."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.tree import PRODUCT, code_files, name_of, nodes_of

SERVICES = PRODUCT / "services"
FEW = 2  # groups that are taken one by one; with more, the whole `Deps` is the shorter signature


def test_functions_that_use_few_groups_take_those_instead_of_everything():
    prescribed = names_that_are_handed_over()
    found = {
        f"{name_of(path)} {function.name}": groups
        for path in services()
        for function, parameter in functions_with_deps(path)
        if (groups := few_groups(function, parameter)) is not None
        and function.name not in prescribed
    }

    assert found == {}


def test_classes_that_use_few_groups_take_those_instead_of_everything():
    inherited = {name for path in services() for name in base_classes(path)}
    found = {
        f"{name_of(path)} {defined.name}": groups
        for path in services()
        for defined in classes_with_deps(path)
        if (groups := few_groups(defined, "self.deps")) is not None
        and defined.name not in inherited  # what inherits from it uses more
    }

    assert found == {}


def test_a_function_that_uses_one_group_is_noticed_and_one_that_passes_everything_on_is_not():
    one, two, three, passes = ast.parse(
        "def one(deps): deps.store.facts.get(deps.store.key)\n"
        "def two(deps): deps.store.add(deps.naming)\n"
        "def three(deps): deps.store.add(deps.naming, deps.settings)\n"
        "def passes(deps): other(deps, deps.store)\n"
    ).body

    assert few_groups(one, "deps") == {"store"}
    assert few_groups(two, "deps") == {"store", "naming"}
    assert few_groups(three, "deps") is None
    assert few_groups(passes, "deps") is None


def services() -> list[Path]:
    return [path for path in code_files() if SERVICES in path.parents]


def functions_with_deps(path: Path) -> Iterator[tuple[ast.FunctionDef, str]]:
    for node in nodes_of(path):
        if isinstance(node, ast.FunctionDef):
            for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                if is_deps(each.annotation):
                    yield node, each.arg


def classes_with_deps(path: Path) -> Iterator[ast.ClassDef]:
    for node in nodes_of(path):
        if isinstance(node, ast.ClassDef) and any(
            isinstance(each, ast.AnnAssign) and is_deps(each.annotation) for each in node.body
        ):
            yield node


def base_classes(path: Path) -> Iterator[str]:
    for node in nodes_of(path):
        if isinstance(node, ast.ClassDef):
            yield from map(ast.unparse, node.bases)


def is_deps(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id == "Deps"


def names_that_are_handed_over() -> set[str]:
    """Functions whose signature is that of their caller, as an operation's `check`."""
    return {
        keyword.value.attr if isinstance(keyword.value, ast.Attribute) else keyword.value.id
        for path in code_files()
        for node in nodes_of(path)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in {"check", "exists", "undo"}
        and isinstance(keyword.value, ast.Attribute | ast.Name)
    }


def few_groups(defined: ast.AST, deps: str) -> set[str] | None:
    """The groups of `deps` that are used; None with more than a few, or if all are passed on."""
    used = [
        node.attr
        for node in ast.walk(defined)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == deps
    ]
    named = sum(
        ast.unparse(node) == deps
        for node in ast.walk(defined)
        if isinstance(node, ast.Name | ast.Attribute)
    )
    return set(used) if len(used) == named and len(set(used)) <= FEW else None
