"""Read a call's arguments as a person types them.

Three ways, which may be mixed: positional in the order of the schema, `--field value`, and
`field=value` as hints are written; or one JSON object alone. `-` stands for a value read from
stdin, or asked for at a prompt.
"""

import json
import sys
import typing
from collections import deque
from collections.abc import Sequence
from typing import Any

import click
from pydantic.fields import FieldInfo

from oduflow.domain.errors import Invalid
from oduflow.domain.masking import redact
from oduflow.kernel.operation import Operation

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})


def read_arguments(operation: Operation, words: Sequence[str]) -> dict[str, Any]:
    """Turn the words after `oduflow call TOOL` into an operation's raw arguments.

    Raises:
        Invalid: a word fits nothing.
    """
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return _json_object(words[0])
    fields = operation.arguments.model_fields
    order = iter(fields)
    found: dict[str, Any] = {}
    rest = deque(words)
    while rest:
        name, value = _named(operation, rest.popleft(), rest)
        if name is None:
            name = next((field for field in order if field not in found), None)
            if name is None:
                raise Invalid(
                    f"{operation.name} takes at most {len(fields)} values, and there are more.",
                    f"`oduflow tools {operation.name}` shows them.",
                )
        if name in found and not is_array(fields[name]):
            raise Invalid(f"{name} is given twice.")
        _put(found, name, _value(fields[name], name, value), fields[name])
    return found


def is_array(field: FieldInfo) -> bool:
    """Whether a field takes several values."""
    kinds = (field.annotation, *typing.get_args(field.annotation))  # `tuple[str, ...] | None`
    return any(typing.get_origin(kind) in {tuple, list} for kind in kinds)


def _named(operation: Operation, word: str, rest: deque[str]) -> tuple[str | None, str]:
    if word.startswith("--"):
        return _option(operation, word, rest)
    name, equals, value = word.partition("=")
    if equals and name in operation.arguments.model_fields:
        return name, value
    return None, word


def _option(operation: Operation, word: str, rest: deque[str]) -> tuple[str, str]:
    name, equals, value = word.removeprefix("--").partition("=")
    name = name.replace("-", "_")
    field = operation.arguments.model_fields.get(name)
    if field is None:
        raise Invalid(
            f"{operation.name} has no field --{redact(name)}.",
            f"`oduflow tools {operation.name}` shows its fields.",
        )
    if equals:
        return name, value
    if field.annotation is bool and not (rest and rest[0].lower() in TRUE | FALSE):
        return name, "true"
    if not rest:
        raise Invalid(f"--{name} needs a value.")
    return name, rest.popleft()


def _put(found: dict[str, Any], name: str, value: Any, field: FieldInfo) -> None:
    found[name] = [*found.get(name, []), *value] if is_array(field) else value


def _value(field: FieldInfo, name: str, text: str) -> Any:
    if text == "-":
        text = _asked(name)
    if is_array(field):
        return _json_array(text) if text.startswith("[") else [text]
    if field.annotation is bool and text.lower() in TRUE | FALSE:
        return text.lower() in TRUE
    return text


def _asked(name: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(name, hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def _json_object(text: str) -> dict[str, Any]:
    value = _json(text)
    if not isinstance(value, dict):
        raise Invalid("The arguments are JSON, but not one object.")
    return value


def _json_array(text: str) -> list[Any]:
    value = _json(text)
    return value if isinstance(value, list) else [value]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as wrong:  # which carries the whole text along
        raise Invalid(f"This is not JSON: {wrong}.") from None
