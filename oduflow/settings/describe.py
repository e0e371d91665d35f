"""The table of every key, for documentation and for a fresh file."""

from dataclasses import dataclass, fields

from oduflow.settings.keys import keys_of
from oduflow.settings.model import SECTIONS
from oduflow.settings.notation import value_text
from oduflow.settings.team import Team


@dataclass(frozen=True, slots=True)
class KeyHelp:
    """One row of the table.

    Args:
        section: the table's header without brackets: `server`, `team.<id>`.
        key: its name.
        type: what the value must be, in words.
        default: as TOML, or in words where it hangs on the machine or on another key.
        help: what it does, in one or two sentences.
        secret: its value is never shown.
    """

    section: str
    key: str
    type: str
    default: str
    help: str
    secret: bool


def describe() -> list[KeyHelp]:
    """Return every key of `oduflow.toml`, in the order of a fresh file."""
    sections = {**SECTIONS, "team.<id>": Team}
    return [row for section, shape in sections.items() for row in _rows(section, shape)]


def _rows(section: str, shape: type) -> list[KeyHelp]:
    return [
        KeyHelp(
            section=section,
            key=name,
            type=f"a list, each {key.kind.allowed}" if key.many else key.kind.allowed,
            default=key.default or value_text(default_of(shape, name)),
            help=key.about,
            secret=key.secret,
        )
        for name, key in keys_of(shape).items()
    ]


def default_of(shape: type, name: str) -> object:
    """Return a key's default as it stands in the dataclass."""
    [default] = [field.default for field in fields(shape) if field.name == name]
    return default
