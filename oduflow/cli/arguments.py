"""Read a call's arguments as a person types them.

Three ways, which may be mixed: positional in the order of the schema, `--field value`, and
`field=value` as hints are written; or one JSON object alone. `-` stands for a value read from
stdin, or asked for at a prompt. The schema is the operation's own, or the one that a server lists.
"""

import json
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from oduflow.domain.errors import Invalid
from oduflow.domain.masking import redact

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})

Fields = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Tool:
    """What is called, and where its fields are shown."""

    name: str
    fields: Fields
    listing: str


def fields_of(schema: Mapping[str, Any]) -> Fields:
    """Return the fields of a JSON Schema in their order; each is a schema itself."""
    fields: Fields = schema.get("properties") or {}
    return fields


def read_arguments(tool: str, fields: Fields, words: Sequence[str], at: str = "") -> dict[str, Any]:
    """Turn the words after `oduflow call TOOL` into an operation's raw arguments.

    Args:
        tool: the operation.
        fields: what it takes.
        words: what was typed.
        at: the server elsewhere that lists it, empty for this machine.

    Raises:
        Invalid: a word fits nothing.
    """
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return _json_object(words[0])
    place = f" --url {at}" if at else ""
    asked = _Tool(tool, fields, f"`oduflow tools {tool}{place}` shows its fields.")
    order = iter(fields)
    found: dict[str, Any] = {}
    rest = deque(words)
    while rest:
        name, value = _named(asked, rest.popleft(), rest)
        if name is None:
            name = next((field for field in order if field not in found), None)
            if name is None:
                raise Invalid(
                    f"{tool} takes at most {len(fields)} values, and there are more.",
                    asked.listing,
                )
        if name in found and not _is(fields[name], "array"):
            raise Invalid(f"{name} is given twice.", "Leave one of them out: it takes one value.")
        _put(found, name, _value(fields[name], name, value), fields[name])
    return found


def _is(field: Mapping[str, Any], kind: str) -> bool:
    """Whether a field takes values of a kind, among others perhaps (“array, or null”)."""
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


def _put(found: dict[str, Any], name: str, value: Any, field: Mapping[str, Any]) -> None:
    found[name] = [*found.get(name, []), *value] if _is(field, "array") else value


def _value(field: Mapping[str, Any], name: str, text: str) -> Any:
    if text == "-":
        text = _asked(name)
    if _is(field, "array"):
        return _json_array(text) if text.startswith("[") else [text]
    if _is(field, "boolean") and text.lower() in TRUE | FALSE:
        return text.lower() in TRUE
    return text


def _asked(name: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(name, hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def _json_object(text: str) -> dict[str, Any]:
    value = _json(text)
    if not isinstance(value, dict):
        raise Invalid(
            "The arguments are JSON, but not one object.",
            'An object has a name for each value, such as {"name": "shop"}.',
        )
    return value


def _json_array(text: str) -> list[Any]:
    value = _json(text)
    return value if isinstance(value, list) else [value]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as wrong:  # which carries the whole text along
        raise Invalid(
            f"This is not JSON: {wrong}.",
            "Names and texts have double quotes; single quotes around it all keep them from the "
            "shell.",
        ) from None
