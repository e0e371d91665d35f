"""What the model says about each key beside its type: kind, help, secrecy."""

from dataclasses import dataclass, fields
from functools import cache
from typing import get_args, get_type_hints

from oduflow.settings.kinds import Kind


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the file.

    Args:
        kind: what its value may be; of each element when `many`.
        about: what it does, in a sentence for the person who edits the file.
        many: the value is an array, and becomes a tuple.
        secret: no message, log or repr may show the value.
        default: the default in words, where it hangs on the machine or on another key.
    """

    kind: Kind
    about: str
    many: bool = False
    secret: bool = False
    default: str = ""


@cache
def keys_of(shape: type) -> dict[str, Key]:
    """Return the keys of one section's dataclass, in order; fields without a `Key` are no keys."""
    hints = get_type_hints(shape, include_extras=True)
    found: dict[str, Key] = {}
    for field in fields(shape):
        for extra in get_args(hints[field.name]):
            if isinstance(extra, Key):
                found[field.name] = extra
    return found
