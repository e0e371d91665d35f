"""The rules of `[anonymise]`: which fields of which models get invented values at an import."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Invented(StrEnum):
    """What replaces a value. Equal values get equal replacements, different ones different."""

    DATE = "date"
    EMAIL = "email"
    HASH = "hash"
    NAME = "name"
    NULL = "null"
    PHONE = "phone"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One field and what replaces its values.

    Attributes:
        optional: a database without this field is no failure; written as `?` after the field.
    """

    model: str
    field: str
    invented: Invented
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.model}.{self.field}"


def flattened(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Return key and value of each rule; `res.partner.email` without quotes is nested tables."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from flattened(value, (*path, name))
        else:
            yield ".".join((*path, name)), value


def field_rule(key: str, value: object) -> FieldRule | None:
    """Return the rule of one key; None if the key names no field or the value nothing known."""
    model, _, field = key.rpartition(".")
    name = field.removesuffix("?")
    words = (*model.split("."), name)
    plain = all(word.isascii() and word.replace("_", "a").isalnum() for word in words)
    if not model or not plain or not isinstance(value, str) or value not in list(Invented):
        return None
    return FieldRule(model, name, Invented(value), optional=field != name)
