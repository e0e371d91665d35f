"""Derive an HTML form from an operation, and parse the submitted form.

The fields come from the JSON schema of the operation's arguments, so that a form always matches
the operation.
"""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from oduflow.domain.errors import Failure
from oduflow.domain.masking import redact
from oduflow.kernel.operation import Operation
from oduflow.kernel.validation import rule_of

_DEFINITIONS = "#/$defs/"
_SEPARATORS = re.compile(r"[\s,]+")
_WORDS = {"face": "source", "repo": "repository", "rest": "REST", "sql": "SQL", "url": "URL"}

Schema = Mapping[str, Any]


class FieldKind(StrEnum):
    """The kind of a form field."""

    BOOLEAN = "boolean"
    CHOICE = "choice"
    LIST = "list"
    NUMBER = "number"
    SECRET = "secret"  # noqa: S105 - the name of a kind, not a secret
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class FormField:
    """A form field for one argument of an operation.

    Attributes:
        name: the argument's name.
        label: the name in words.
        help: its description.
        default: the default value, if any.
        choices: the values of a field of kind CHOICE, or the items that a LIST offers.
        nothing: what an optional CHOICE shows for no choice.
        closed: whether a list takes no other items than its choices: checkboxes alone.
        minimum, maximum: the bounds of a number, if any.
    """

    name: str
    label: str
    help: str
    required: bool
    kind: FieldKind
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    closed: bool = False
    nothing: str = "Default"


def form_fields(operation: Operation) -> tuple[FormField, ...]:
    """Return a field for every argument of an operation, in the order of declaration."""
    return _fields(operation.arguments)


@functools.cache  # pydantic needs more time for a schema than a page for everything else
def _fields(arguments: type[BaseModel]) -> tuple[FormField, ...]:
    schema = arguments.model_json_schema()
    definitions = schema.get("$defs", {})
    required = schema.get("required", ())
    return tuple(
        _field(name, described, definitions, required=name in required)
        for name, described in schema.get("properties", {}).items()
    )


def raw_arguments(fields: Iterable[FormField], sent: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Parse a submitted form into an operation's raw arguments.

    Empty fields are omitted, so that their defaults apply. Browsers do not send a checkbox that is
    not ticked, so it is False, and a list of checkboxes alone is empty. Commas or white space
    separate the items of a list.

    Args:
        fields: the form's fields.
        sent: all values of each key.
    """
    raw: dict[str, Any] = {}
    for field in fields:
        texts = [text for text in sent.get(field.name, ()) if text.strip()]
        if field.kind is FieldKind.BOOLEAN:
            raw[field.name] = texts != [] and texts[-1] != "false"
        elif field.kind is FieldKind.LIST and (texts or field.closed):
            raw[field.name] = [item for item in _SEPARATORS.split(" ".join(texts)) if item]
        elif texts:
            raw[field.name] = texts[-1]
    return raw


def problems_of(failure: Failure) -> dict[str, str]:
    """Return the message for each field that failed validation."""
    wrong = failure.__cause__
    if not isinstance(wrong, ValidationError):
        return {failure.argument: _with_hint(failure)} if failure.argument else {}
    problems: dict[str, str] = {}
    for error in wrong.errors():
        field = str(error["loc"][0]) if error["loc"] else ""
        problems.setdefault(field, _problem(error))
    return problems


def label_of(name: str) -> str:
    """Return a field's name as words, such as `Repository URL`."""
    words = " ".join(_WORDS.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:]


def _with_hint(failure: Failure) -> str:
    ends = failure.message.endswith((".", "?", "!"))
    return f"{failure.message}{'' if ends else '.'} {failure.hint}".rstrip()


def _problem(error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return "This is required."
    if error["type"] == "too_short":
        return "Choose at least one."
    message = rule_of(error)
    is_item = len(error["loc"]) > 1
    return (
        f"“{redact(str(error['input']))}” {message}."
        if is_item
        else f"{message[0].upper()}{message[1:]}."
    )


def _field(name: str, described: Schema, definitions: Schema, *, required: bool) -> FormField:
    concrete = _concrete(described, definitions)
    items = _concrete(concrete.get("items", {}), definitions)
    kind = _kind(concrete)
    about = described.get("description", "")
    return FormField(
        name=name,
        label=label_of(name),
        help=_about_ticked(about) if kind is FieldKind.BOOLEAN else about,
        required=required,
        kind=kind,
        default=described.get("default"),
        choices=tuple(str(choice) for choice in (items or concrete).get("enum", ())),
        closed="enum" in items,
        minimum=concrete.get("minimum"),
        maximum=concrete.get("maximum"),
    )


def _about_ticked(text: str) -> str:
    """Return what a ticked checkbox does: a description begins with `True` for other faces."""
    said = re.sub("^True:? ", "", text)
    return said[:1].upper() + said[1:]


def _concrete(schema: Schema, definitions: Schema) -> Schema:
    """Resolve `… | None` and references."""
    for member in schema.get("anyOf", ()):
        if member.get("type") != "null":
            return _concrete(member, definitions)
    reference = schema.get("$ref")
    return definitions[reference.removeprefix(_DEFINITIONS)] if reference else schema


def _kind(schema: Schema) -> FieldKind:
    if schema.get("writeOnly"):
        return FieldKind.SECRET
    if "enum" in schema:
        return FieldKind.CHOICE
    kinds = {
        "array": FieldKind.LIST,
        "boolean": FieldKind.BOOLEAN,
        "integer": FieldKind.NUMBER,
        "number": FieldKind.NUMBER,
    }
    return kinds.get(schema.get("type", ""), FieldKind.TEXT)
