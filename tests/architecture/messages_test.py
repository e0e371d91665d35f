"""A message names no operation: each face writes a suggested call in its own words (`Next`)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from oduflow import bootstrap
from oduflow.kernel.registry import Registry
from tests.support.tree import PRODUCT, name_of

# Below the faces; these write for one kind of reader, and know how that one calls an operation.
LAYERS = ("adapters", "domain", "files", "kernel", "net", "operations", "services", "settings")
OPERATIONS = frozenset(operation.name for operation in Registry.discover(bootstrap.OPERATIONS))
# In backticks it is a value, such as the operation of an audit row.
NAMED = re.compile(rf"(?<!`)\b({'|'.join(sorted(OPERATIONS))})\b")
ON_THE_SERVER = "oduflow call "  # a command for the operator's shell, not for the caller


def test_no_message_names_an_operation():
    assert list(offenders()) == []


def test_a_call_in_a_text_is_found_and_one_in_a_description_or_docstring_is_not():
    code = '''
"""As list_jobs."""
hint = f"Use {name}: add_extra_repo name={name}"
Next.of("list_jobs", "shows what delete_snapshot frees")
field = Field(description="As list_jobs shows it.")
shell = "Run on the server: oduflow call cancel_job"
'''
    assert [text for _, text in texts(ast.parse(code)) if tells_a_call(text)] == [
        "Use …: add_extra_repo name=…",
        "shows what delete_snapshot frees",
    ]


def offenders() -> Iterator[str]:
    """Yield `file:line: text` for each text of a lower layer that names an operation."""
    for layer in LAYERS:
        for path in sorted(Path(PRODUCT, layer).rglob("*.py")):
            for line, text in texts(ast.parse(path.read_text("utf-8"))):
                if tells_a_call(text):
                    yield f"{name_of(path)}:{line}: {text}"


def tells_a_call(text: str) -> bool:
    """Whether a text of more than a name contains the name of an operation."""
    found = NAMED.search(text)
    alone = text in OPERATIONS or text.endswith(".py")
    return found is not None and not alone and ON_THE_SERVER not in f"{text} "


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and value of each text that is no docstring and no description of a field."""
    nodes = list(ast.walk(tree))
    skipped = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.keyword) and node.arg == "description":
            skipped |= {id(part) for part in ast.walk(node)}
    for node in nodes:
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
