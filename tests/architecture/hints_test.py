"""The commands, operations, arguments and keys that hints name exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import SecretStr

from oduflow import bootstrap
from oduflow.blueprints.dashboard.places import place_of
from oduflow.cli.app import cli
from oduflow.cli.fresh_settings import describe
from oduflow.domain.errors import Failure
from oduflow.domain.next_call import TO_FILL_IN, Next
from oduflow.kernel.registry import Registry
from tests.support.dashboard_world import make_dashboard
from tests.support.tree import code_files, nodes_of, offenders

COMMAND = re.compile(r"\boduflow ([a-z]+)(?: ([a-z_]+))?")
QUOTED = re.compile(r"(?:`|: |^)(oduflow [^`]*)")
SNAKE = re.compile(r"(?<![\w.$/])[a-z]+(?:_[a-z]+)+(?![\w./])")
REGISTRY = Registry.discover(bootstrap.OPERATIONS)
OPERATIONS = {operation.name for operation in REGISTRY}
ARGUMENTS = {name for operation in REGISTRY for name in operation.arguments.model_fields}
KEYS = {key.key for key in describe()}
PROGRAMS = {"pg_dump"}  # of the machine that a backup is from


def test_every_command_that_a_text_quotes_exists():
    assert offenders(code_files(), missing_commands) == {}


def test_everything_that_a_hint_names_exists():
    assert offenders(code_files(), missing_names) == {}


def test_a_hint_names_no_operation_because_every_face_calls_it_in_its_own_words():
    assert offenders(code_files(), named_operations) == {}, "say it with Next.of(operation, …)"


def test_every_call_that_is_suggested_exists_and_takes_its_arguments():
    assert offenders(code_files(), wrong_calls) == {}


def test_a_command_of_a_suggested_call_names_what_is_to_fill_in():
    assert offenders(code_files(), incomplete_calls) == {}


def test_the_dashboard_has_a_place_for_every_call_that_is_suggested(app_context):
    named = {operation for path in code_files() for operation, _ in suggested(path)}
    samples = dict.fromkeys(("name", "job", "handle"), "abcdefghij22")

    placeless = {
        operation
        for operation in named & OPERATIONS
        if place_of(Next.of(operation, "", **taken(operation, samples))) is None
    }
    assert placeless == set()


def test_hints_and_calls_are_found_at_all():
    found = {name for path in code_files() for hint in hints(path) for name in SNAKE.findall(hint)}
    calls = {operation for path in code_files() for operation, _ in suggested(path)}

    assert {"subnet_pool", "git_allowed_hosts"} <= found
    assert {"wait_for_job", "list_environments", "setup_repo_auth"} <= calls


@pytest.mark.parametrize(
    ("command", "word", "there"),
    [
        ("doctor", "", True),
        ("images", "ensure", True),
        ("images", "", False),
        ("call", "setup_repo_auth", True),
        ("call", "setup_nothing", False),
        ("call", "list_jobs", True),
        ("repair", "", False),
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
    return named - OPERATIONS - ARGUMENTS - KEYS - PROGRAMS


def named_operations(path: Path) -> set[str]:
    """Return the operations that a hint names beside those of a quoted command of the server."""
    plain = (re.sub(r"oduflow call [^;`]*", "", hint) for hint in hints(path))
    return {name for hint in plain for name in SNAKE.findall(hint)} & OPERATIONS


def wrong_calls(path: Path) -> list[str]:
    return [
        operation
        for operation, arguments in suggested(path)
        if operation not in OPERATIONS
        or not arguments <= set(REGISTRY.get(operation).arguments.model_fields)
    ]


def incomplete_calls(path: Path) -> list[str]:
    """Return the calls that lack a required argument which no command would show."""
    return [
        operation
        for operation, arguments in suggested(path)
        if operation in OPERATIONS
        and not required(operation) <= arguments | {*TO_FILL_IN.get(operation, ())}
    ]


def required(operation: str) -> set[str]:
    """Return the required arguments, without secrets, which the command line asks for."""
    fields = REGISTRY.get(operation).arguments.model_fields.items()
    return {
        name for name, field in fields if field.is_required() and field.annotation is not SecretStr
    }


def suggested(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Read every call that a module suggests: its operation and the names of its arguments."""
    for node in nodes_of(path):
        if is_suggestion(node) and isinstance(node, ast.Call):
            operation = text_of(node.args[0])
            if operation and "…" not in operation:  # one that is put together is not known here
                yield operation, {word.arg for word in node.keywords if word.arg}


def is_suggestion(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) == ("Next", "of")
    )


def taken(operation: str, samples: dict[str, str]) -> dict[str, str]:
    fields = REGISTRY.get(operation).arguments.model_fields
    return {name: value for name, value in samples.items() if name in fields}


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
    if is_suggestion(node):
        return
    if text := text_of(node):
        yield text
        return
    for child in ast.iter_child_nodes(node):
        yield from below(child)


def text_of(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "…" for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def kinds_of(failure: type[Failure]) -> set[str]:
    return {failure.__name__}.union(*map(kinds_of, failure.__subclasses__()))


FAILURES = kinds_of(Failure)


@pytest.fixture
def app_context() -> Iterator[None]:
    world, _ = make_dashboard()
    with world.app.test_request_context():
        yield
