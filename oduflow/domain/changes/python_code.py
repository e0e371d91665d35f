"""Compare two versions of a Python file: bodies of functions, or what the database has, too.

Odoo keeps models, fields, constraints and their labels in the database, and brings them up to date
when it upgrades the module. What is inside a function takes effect when the process imports it. So
everything outside of functions counts, except for what is known to stay in the process.
"""

import ast
import re
from collections.abc import Collection, Container, Iterator

from oduflow.domain.changes.needs import Need
from oduflow.domain.changes.python_names import ANY, RUN_BY_UPGRADES, called_by, used_outside
from oduflow.domain.python_syntax import UNREADABLE, parsed

CONTROLLERS = "controllers"
# Keywords of fields that the database does not hold.
_IN_PROCESS = frozenset({"context", "default", "domain"})
# Methods from which a report of another module puts the SQL of its view together.
_SQL = re.compile(
    r"_(sub_)?(select|from|where|group_by|having|join|order_by|query|table|union|with)(_|$)"
)
_ADDONS = ["odoo", "addons"]
_TABLE_QUERY = "_table_query"
_LOGGERS = frozenset({"_logger", "logger", "log"})
_MODEL_NAMES = frozenset({"_inherit", "_inherits", "_name"})
_NAMED = re.compile(r"Name\(id='(\w+)'")  # in the text of what counts
MANY = 3  # names in a sentence

Outline = dict[str, str]  # the parts of a file that count, by names for people


def python_need(
    path: str, old: bytes | None, new: bytes | None, run: Collection[str] = ()
) -> tuple[Need, str]:
    """Return what a change of Python code needs, and why.

    Args:
        path: inside the module.
        old: the content before; None for no file.
        new: the content afterwards; None for no file.
        run: the names of functions that upgrades run, also from other files.
    """
    try:
        before, after = _outline(path, old, run), _outline(path, new, run)
    except UNREADABLE as wrong:
        line = f" at line {wrong.lineno}" if isinstance(wrong, SyntaxError) and wrong.lineno else ""
        return Need.UPGRADE, f"it cannot be read as Python{line}"
    different = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not different:
        return Need.RESTART, "only bodies of functions, or what no database holds"
    return Need.UPGRADE, _sentence(different, before, after)


def _sentence(different: list[str], before: Outline, after: Outline) -> str:
    shown = different[:MANY]
    words = [
        f"{name} is new"
        if name not in before
        else f"{name} is gone"
        if name not in after
        else f"{name} is changed"
        for name in shown
    ]
    more = len(different) - len(shown)
    return ", ".join(words) + (f", and {more} more" if more else "")


def imported_from(source: bytes, folder: str) -> frozenset[str]:
    """Return the modules from whose folder of a name code imports; empty for the code's own module.

    Code that cannot be read counts for its own module.
    """
    try:
        tree = parsed(source)
    except UNREADABLE:
        return frozenset({""})
    found = set[str]()
    for level, path in _imported(tree):
        if level and folder in path:
            found.add("")
        elif path[:2] == _ADDONS and folder in path[3:]:
            found.add(path[2])
    return frozenset(found)


def _imported(tree: ast.Module) -> Iterator[tuple[int, list[str]]]:
    """Yield what code imports: the dots before it, and its parts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, each.name.split(".")) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = node.module.split(".") if node.module else []
            yield from ((node.level, [*start, each.name]) for each in node.names)


def _outline(path: str, source: bytes | None, run: Collection[str]) -> Outline:
    """Return what counts in a file, by names for people."""
    tree, found = parsed(source or b""), Outline()
    called = called_by([tree], {*RUN_BY_UPGRADES, *run})
    imported = list[ast.Import | ast.ImportFrom]()
    for node in _without_docstring(tree.body):
        if isinstance(node, ast.ClassDef):
            parts = _class(node, path, called)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported.append(node)
            continue
        else:
            parts = _statement(node)
        for name, text in parts:
            _add(found, name, text)
    statements = (node for node in tree.body if _name(node) not in _LOGGERS)
    used = used_outside(statements)
    used |= {name for text in found.values() for name in _NAMED.findall(text)}
    for node in imported:
        for name, text in _imports(node, used):
            _add(found, name, text)
    return found


def _statement(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """Yield a statement of a file if it counts.

    A function does: this file or another one may call it where fields are defined.
    """
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name, _text(node)
    elif _name(node) not in _LOGGERS:
        yield _name(node) or "code of the file", _text(node)


def _imports(node: ast.Import | ast.ImportFrom, used: Container[str]) -> Iterator[tuple[str, str]]:
    """Yield the imports that count.

    A relative one may bring models in, and any may bring in what a field is defined with, or what
    a function uses that upgrades run.
    """
    from_ = node if isinstance(node, ast.ImportFrom) else None
    for each in node.names:
        bound = each.asname or each.name.partition(".")[0]
        if (from_ and from_.level) or bound in used or bound == "*":
            place = f"{from_.level} {from_.module}" if from_ else ""
            yield f"import of {each.name}", f"{place} {_text(each)}"


def _is_of_controllers(path: str) -> bool:
    return path.startswith(f"{CONTROLLERS}/")


def _class(node: ast.ClassDef, path: str, called: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield what counts in a class."""
    answers = _is_controller(node, path)
    if not answers:
        heads = [*node.bases, *(each.value for each in node.keywords), *node.decorator_list]
        yield f"class {node.name}", " ".join(map(_text, heads))
    all_count = ANY in called or not (answers or _is_model(node)) or _is_report(node)
    extends = "_inherit" in map(_name, node.body)
    for part in _without_docstring(node.body):
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            if all_count or part.name in called or (extends and _SQL.match(part.name)):
                yield f"method {node.name}.{part.name}", _text(part)
        elif name := _name(part):
            yield f"{node.name}.{name}", _text(_InProcess().visit(part))
        else:
            yield f"code of class {node.name}", _text(part)


def _is_controller(node: ast.ClassDef, path: str) -> bool:
    """Whether a class answers requests, and has nothing of a model."""
    by_base = any("Controller" in ast.unparse(base) for base in node.bases)
    return (by_base or _is_of_controllers(path)) and not any(
        _name(part) in _MODEL_NAMES or _makes_field(part) for part in node.body
    )


def _is_model(node: ast.ClassDef) -> bool:
    """Whether a class is a model; fields may be defined with what another one returns."""
    return any("Model" in ast.unparse(base) for base in node.bases) or any(
        _name(part) in _MODEL_NAMES for part in node.body
    )


def _is_report(node: ast.ClassDef) -> bool:
    """Whether a model is a view of SQL that its methods put together, which upgrades make."""
    return any(
        (isinstance(part, ast.Assign) and _name(part) == "_auto" and not _is_true(part.value))
        or _TABLE_QUERY in {_name(part), getattr(part, "name", "")}
        for part in node.body
    )


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _makes_field(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func).startswith("fields.")
    )


def _name(node: ast.stmt) -> str:
    """Return the name that a statement gives a value to; empty for another statement."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target: ast.expr = node.targets[0]
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        target = node.target
    else:
        return ""
    return target.id if isinstance(target, ast.Name) else ""


def _without_docstring(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if not (isinstance(node, ast.Expr | ast.Pass) and _is_silent(node)):
            yield node


def _is_silent(node: ast.Expr | ast.Pass) -> bool:
    return isinstance(node, ast.Pass) or isinstance(node.value, ast.Constant)


def _add(found: Outline, name: str, text: str) -> None:
    """Add a part; further ones of the same name are numbered."""
    key, number = name, 1
    while key in found:
        number += 1
        key = f"{name} ({number})"
    found[key] = text


def _text(node: ast.AST) -> str:
    return ast.dump(node)


class _InProcess(ast.NodeTransformer):
    """Leaves out the keywords of fields that the database does not hold."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Leave them out of a call of `fields.…`."""
        self.generic_visit(node)
        if ast.unparse(node.func).startswith("fields."):
            node.keywords = [each for each in node.keywords if each.arg not in _IN_PROCESS]
        return node
