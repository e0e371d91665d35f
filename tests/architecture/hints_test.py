"""The commands, operations, arguments and keys that hints name exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from oduflow import bootstrap
from oduflow.cli.app import cli
from oduflow.cli.fresh_settings import describe
from oduflow.domain.errors import Failure
from oduflow.kernel.registry import Registry
from tests.support.tree import code_files, nodes_of, offenders

COMMAND = re.compile(r"\boduflow ([a-z]+)(?: ([a-z_]+))?")
QUOTED = re.compile(r"(?:`|: |^)(oduflow [^`]*)")
SNAKE = re.compile(r"(?<![\w.$/])[a-z]+(?:_[a-z]+)+(?![\w./])")
REGISTRY = Registry.discover(bootstrap.OPERATIONS)
OPERATIONS = {operation.name for operation in REGISTRY}
ARGUMENTS = {name for operation in REGISTRY for name in operation.arguments.model_fields}
KEYS = {key.key for key in describe()}


def test_every_command_that_a_text_quotes_exists():
    assert offenders(code_files(), missing_commands) == {}


def test_everything_that_a_hint_names_exists():
    assert offenders(code_files(), missing_names) == {}


def test_hints_are_found_at_all():
    found = {name for path in code_files() for hint in hints(path) for name in SNAKE.findall(hint)}

    assert {"delete_environment", "wait_for_job", "subnet_pool", "git_allowed_hosts"} <= found


@pytest.mark.parametrize(
    ("command", "word", "there"),
    [
        ("doctor", "", True),
        ("images", "ensure", True),
        ("images", "", False),
        ("call", "setup_repo_auth", True),
        ("call", "setup_nothing", False),
        ("call", "list_jobs", True),
        ("mend", "", False),
    ],
)
def test_what_is_not_there_is_noticed(command, word, there):
    assert exists(command, word) is there


def missing_commands(path: Path) -> list[str]:
    return [
        quoted
        for text in texts(path)
        for quoted in QUOTED.findall(text)
        for command, word in COMMAND.findall(quoted)
        if not exists(command, word)
    ]


def missing_names(path: Path) -> set[str]:
    named = {name for hint in hints(path) for name in SNAKE.findall(hint)}
    return named - OPERATIONS - ARGUMENTS - KEYS


def exists(command: str, word: str) -> bool:
    found = cli.get_command(click.Context(cli), command)
    if isinstance(found, click.Group):
        return word in found.commands
    if command == "call" and word:
        return word in OPERATIONS
    return found is not None


def texts(path: Path) -> Iterator[str]:
    """Read every text of a module that is not a docstring."""
    nodes = nodes_of(path)
    silent = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if id(node) not in silent and (text := text_of(node)):
            yield text


def hints(path: Path) -> Iterator[str]:
    """Read every hint and every next step that a module gives."""
    for node in nodes_of(path):
        if isinstance(node, ast.Call):
            yield from given_to(node)
        elif isinstance(node, ast.Tuple) and any(map(is_failure, node.elts)):
            yield from below(node.elts[-1])


def given_to(call: ast.Call) -> Iterator[str]:
    for word in call.keywords:
        if word.arg in {"hint", "next"}:
            yield from below(word.value)
    if is_failure(call.func):
        for argument in call.args[1:]:
            yield from below(argument)
    elif any(map(is_failure, call.args)):
        yield from below(call.args[-1])


def is_failure(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in FAILURES


def below(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if text := text_of(each):
            yield text


def text_of(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "…" for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def kinds_of(failure: type[Failure]) -> set[str]:
    return {failure.__name__}.union(*map(kinds_of, failure.__subclasses__()))


FAILURES = kinds_of(Failure)
