"""Parse the arguments of `oduflow call`.

Three forms can be mixed: positional in the order of the schema, `--field value`, and `field=value`
as hints are written. One JSON object can be used instead. The value `-` is read from stdin, or from
a prompt. The schema is the local operation's, or the one that a remote server lists.
"""

import json
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from oduflow.cli.schemas import Fields
from oduflow.domain.counting import counted
from oduflow.domain.errors import Invalid
from oduflow.domain.masking import redact

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class _Tool:
    """The operation, its fields, and the hint that says how to list them."""

    name: str
    fields: Fields
    listing: str


def read_arguments(
    tool: str, fields: Fields, words: Sequence[str], options: str = ""
) -> dict[str, Any]:
    """Return the words after `oduflow call TOOL` as the operation's raw arguments.

    `options` choose the server that lists the operation, with a space before each.

    Raises:
        Invalid: an argument has no field, no value, or is not valid JSON.
    """
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return _json_object(words[0])
    if list(words) == ["-"] and not sys.stdin.isatty():
        line = sys.stdin.readline()
        if line.lstrip().startswith("{"):
            return _json_object(line + sys.stdin.read())
        return _one_value(tool, fields, line.rstrip("\n"))
    operation = _Tool(tool, fields, f"`oduflow tools {tool}{options}` shows its fields.")
    order = iter(fields)
    found: dict[str, Any] = {}
    rest = deque(words)
    while rest:
        name, value = _named(operation, rest.popleft(), rest)
        if name is None:
            name = next((field for field in order if field not in found), None)
            if name is None:
                raise Invalid(
                    f"{tool} takes at most {counted(len(fields), 'value')}, but more are given.",
                    operation.listing,
                )
        if name in found and not _is(fields[name], "array"):
            raise Invalid(f"{name} is given twice.", "It takes one value: leave one of them out.")
        given = _value(fields[name], name, value)
        found[name] = [*found.get(name, []), *given] if _is(fields[name], "array") else given
    return found


def _one_value(tool: str, fields: Fields, text: str) -> dict[str, Any]:
    """Return a text as the value of the first field, even one that begins with a dash."""
    if not fields:
        raise Invalid(f"{tool} takes no values.", "Leave the - out.")
    name = next(iter(fields))
    return {name: _converted(fields[name], text)}


def _is(field: Mapping[str, Any], kind: str) -> bool:
    """Return whether a field accepts a JSON type, alone or among others (“array or null”)."""
    kinds = [choice.get("type") for choice in (field, *field.get("anyOf", ()))]
    return any(found == kind or (isinstance(found, list) and kind in found) for found in kinds)


def _named(tool: _Tool, word: str, rest: deque[str]) -> tuple[str, str] | tuple[None, str]:
    if word.startswith("--"):
        return _option(tool, word, rest)
    name, equals, value = word.partition("=")
    if equals and name in tool.fields:
        return name, value
    return None, word


def _option(tool: _Tool, word: str, rest: deque[str]) -> tuple[str, str]:
    name, equals, value = word.removeprefix("--").partition("=")
    name = name.replace("-", "_")
    field = tool.fields.get(name)
    if field is None:
        raise Invalid(f"{tool.name} has no field --{redact(name)}.", tool.listing)
    if equals:
        return name, value
    if _is(field, "boolean") and not (rest and rest[0].lower() in TRUE | FALSE):
        return name, "true"
    if not rest:
        raise Invalid(f"--{name} needs a value.", tool.listing)
    return name, rest.popleft()


def _value(field: Mapping[str, Any], name: str, text: str) -> Any:
    if text == "-":
        text = _read_value(name)
        if text.lstrip().startswith("{") and not _is(field, "object"):
            raise Invalid(
                f"{name} is a single value, but stdin has a JSON object.",
                "Give `-` as the only argument to read all values as one object.",
            )
    return _converted(field, text)


def _converted(field: Mapping[str, Any], text: str) -> Any:
    if _is(field, "array"):
        if text.startswith("["):
            return _json_array(text)
        return [part.strip() for part in text.split(",") if part.strip()]
    if _is(field, "boolean") and text.lower() in TRUE | FALSE:
        return text.lower() in TRUE
    return text


def _read_value(name: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(name, hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def _json_object(text: str) -> dict[str, Any]:
    value = _json(text)
    if not isinstance(value, dict):
        raise Invalid(
            "The arguments are JSON, but not one object.",
            'Write one object with a name for each value, such as {"name": "shop"}.',
        )
    return value


def _json_array(text: str) -> list[Any]:
    value = _json(text)
    return value if isinstance(value, list) else [value]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as wrong:
        # Not chained: the exception holds the whole text, which may contain a secret.
        raise Invalid(
            f"The arguments are not valid JSON: {wrong}.",
            "Put names and texts in double quotes, and the whole argument in single quotes: "
            """'{"name": "shop"}'.""",
        ) from None
