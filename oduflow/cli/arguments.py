"""Read a call's arguments as a person types them.

Three ways, which may be mixed: positional in the order of the schema, `--field value`, or one
JSON object. `-` stands for a value read from stdin, or asked for at a prompt.
"""

import json
import sys
import typing
from collections.abc import Iterator, Sequence
from typing import Any

import click
from pydantic.fields import FieldInfo

from oduflow.domain.errors import Invalid
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
    rest = iter(words)
    for word in rest:
        name, value = _option(operation, word, rest) if word.startswith("--") else (None, word)
        if name is None:
            name = next((field for field in order if field not in found), None)
            if name is None:
                raise Invalid(
                    f"{operation.name} takes at most {len(fields)} values; “{value}” is too many.",
                    f"`oduflow tools {operation.name}` shows them.",
                )
        _put(found, name, _value(fields[name], name, value), fields[name])
    return found


def is_array(field: FieldInfo) -> bool:
    """Whether a field takes several values."""
    return typing.get_origin(field.annotation) in {tuple, list}


def _option(operation: Operation, word: str, rest: Iterator[str]) -> tuple[str, str]:
    name, equals, value = word.removeprefix("--").partition("=")
    name = name.replace("-", "_")
    field = operation.arguments.model_fields.get(name)
    if field is None:
        raise Invalid(
            f"{operation.name} has no field --{name}.",
            f"`oduflow tools {operation.name}` shows its fields.",
        )
    if equals:
        return name, value
    if field.annotation is bool:
        return name, "true"
    following = next(rest, None)
    if following is None:
        raise Invalid(f"--{name} needs a value.")
    return name, following


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
    except json.JSONDecodeError as wrong:
        raise Invalid(f"This is not JSON: {wrong}.") from wrong
