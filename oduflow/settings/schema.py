"""What the sections' models have in common, and what a key's field can say beside its type."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from annotated_types import Ge, Le, Unit
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUseDefault

T = TypeVar("T")


class Section(BaseModel):
    """One table of the file. Every field is a key, unless it is excluded; no value is converted.

    The string below a key is its description, for the documentation and for a fresh file.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class InvalidValue(ValueError):
    """A value is not allowed.

    Args:
        reason: why, when “must be” and the allowed values do not say enough.
        hint: what to write instead.
    """

    def __init__(self, reason: str = "", hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Allowed:
    """The allowed values in words that complete “must be …”."""

    words: str


@dataclass(frozen=True, slots=True)
class DefaultText:
    """The default in words, where it depends on the machine or on another key."""

    words: str


def _use_default(value: T) -> T:
    if not value:
        raise PydanticUseDefault
    return value


CARRIES_SECRETS = "carries secrets"  # a URL that must not be plain http beyond loopback
EMPTY_MEANS_DEFAULT = AfterValidator(_use_default)
SECRET = Field(repr=False)
ListOf = Annotated[tuple[T, ...], Strict(strict=False)]  # TOML has lists, the models have tuples


@cache
def keys_of(section: type[Section]) -> dict[str, FieldInfo]:
    """Return the keys of a section, in the order of a fresh file."""
    return {name: field for name, field in section.model_fields.items() if not field.exclude}


@cache
def secrets_of(section: type[Section]) -> tuple[str, ...]:
    """Return the keys whose values are never shown."""
    return tuple(name for name, field in keys_of(section).items() if not field.repr)


def element_of(field: FieldInfo) -> FieldInfo | None:
    """Return the field of a list's elements, or None when the value is no list."""
    if get_origin(field.annotation) is not tuple:
        return None
    return FieldInfo.from_annotation(get_args(field.annotation)[0])


def allowed_text(field: FieldInfo) -> str:
    """Return the allowed values in words, from the field's own or from its type and bounds."""
    if (element := element_of(field)) is not None:
        return f"a list, each {allowed_text(element)}"
    found: dict[type, Any] = {type(mark): mark for mark in field.metadata}
    if Allowed in found:
        return str(found[Allowed].words)
    if field.annotation is bool:
        return "true or false"
    if get_origin(field.annotation) is Literal:
        return "one of " + ", ".join(f'"{word}"' for word in get_args(field.annotation))
    least = found[Ge].ge
    bounds = f"from {least} to {found[Le].le}" if Le in found else f"of {least} or more"
    return f"a whole number {bounds}{f' ({found[Unit].unit})' if Unit in found else ''}"
