"""What the sections' models have in common, and what a key's field can say beside its type."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from annotated_types import Ge, Le, Unit
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticKnownError, PydanticUseDefault
from pydantic_core.core_schema import no_info_plain_validator_function

T = TypeVar("T")

_MAX_LENGTH = 1000


class Section(BaseModel):
    """One table of the file. Every field is a key, unless it is NOT_A_KEY; no value is converted.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a key's type does not say.

    Args:
        allowed: the allowed values in words that complete “must be …”.
        default: the default in words, where it depends on the machine or on another key.
        no_effect: what this version does whether or not the key is set.
        not_served: what to write instead of any value but the default, which this version refuses.
    """

    allowed: str = ""
    default: str = ""
    no_effect: str = ""
    not_served: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of one line.

    Args:
        allowed: as in `About`.
        check: the pattern of the whole text, or a function that turns it into the value; a
            ValueError of it says no more than `allowed`.
    """

    allowed: str
    check: str | Callable[[str], object] = ".*"

    def __get_pydantic_core_schema__(self, _type: Any, _handler: Any) -> CoreSchema:
        return no_info_plain_validator_function(self._read)

    def _read(self, value: object) -> object:
        if not isinstance(value, str):
            raise InvalidValue(hint="Write it in quotes.")
        if not value.isprintable():
            raise InvalidValue("it holds a line break or another control character")
        if value != value.strip():
            raise InvalidValue("it begins or ends with a space")
        if len(value) > _MAX_LENGTH:
            raise InvalidValue(f"it is longer than {_MAX_LENGTH} characters")
        if callable(self.check):
            return self.check(value)
        if not re.fullmatch(self.check, value):
            raise InvalidValue
        return value


def _use_default(value: T) -> T:
    if not value:
        raise PydanticUseDefault
    return value


def _refuse_in_file(value: T, info: ValidationInfo) -> T:
    if info.context:
        raise PydanticKnownError("extra_forbidden")
    return value


CARRIES_SECRETS = "carries secrets"  # a URL that must not be plain http beyond loopback
EMPTY_MEANS_DEFAULT = AfterValidator(_use_default)
NOT_A_KEY = BeforeValidator(_refuse_in_file)  # a field that only the program sets
SECRET = Field(repr=False)
ListOf = Annotated[tuple[T, ...], Field(strict=False)]  # TOML has lists, the models have tuples


@cache
def keys_of(section: type[Section]) -> dict[str, FieldInfo]:
    """Return the keys of a section, in the order of a fresh file."""
    fields = section.model_fields.items()
    return {name: field for name, field in fields if NOT_A_KEY not in field.metadata}


@cache
def secrets_of(section: type[Section]) -> tuple[str, ...]:
    """Return the keys whose values are never shown."""
    return tuple(name for name, field in keys_of(section).items() if not field.repr)


def about(field: FieldInfo, what: str) -> str:
    """Return what the field's `About` or `Text` says in this argument, or an empty text."""
    return next((words for mark in field.metadata if (words := getattr(mark, what, ""))), "")


def element_of(field: FieldInfo) -> FieldInfo | None:
    """Return the field of a list's elements, or None when the value is no list."""
    if get_origin(field.annotation) is not tuple:
        return None
    return FieldInfo.from_annotation(get_args(field.annotation)[0])


def allowed_text(field: FieldInfo) -> str:
    """Return the allowed values in words, from the field's own or from its type and bounds."""
    if (element := element_of(field)) is not None:
        return f"a list, each {allowed_text(element)}"
    if words := about(field, "allowed"):
        return words
    if field.annotation is bool:
        return "true or false"
    if get_origin(field.annotation) is Literal:
        return "one of " + ", ".join(f'"{word}"' for word in get_args(field.annotation))
    found: dict[type, Any] = {type(mark): mark for mark in field.metadata}
    least = found[Ge].ge
    bounds = f"from {least} to {found[Le].le}" if Le in found else f"of {least} or more"
    return f"a whole number {bounds}{f' ({found[Unit].unit})' if Unit in found else ''}"
