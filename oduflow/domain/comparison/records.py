"""What is read of a database for a comparison, and which of its records differ."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from oduflow.domain.comparison.kinds import KINDS, DiffSection


class Key(NamedTuple):
    """The identity of a record in both databases: its kind and its name.

    The name is an external id where there is one, else a natural key, else the number.
    """

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class RecordDigest:
    """One record of an index.

    Attributes:
        digest: equal for equal content.
        id: its number in the database.
        model: the Odoo model that it is about; empty if it is about none.
        rows: of a table, whose `digest` is its row count, the digest of all rows; empty where they
            were only counted.
    """

    digest: str
    id: int = 0
    model: str = ""
    rows: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """The records of one database.

    Attributes:
        entries: every record that was read.
        ends: the last name that was read, by the kinds of which there are more records.
        problems: why records of a kind were not read, by kind.
        notes: what else a reader should know of a section.
    """

    entries: Mapping[Key, RecordDigest] = field(default_factory=dict)
    ends: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[DiffSection, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a record as text; untrusted data.

    Attributes:
        text: its beginning.
        digest: of the whole value, with the translations.
        is_secret: whether the text was left out because it may be a secret.
    """

    text: str
    digest: str = ""
    is_secret: bool = False


Content = Mapping[str, Value]
"""The values of one record that are set, by column."""


class ChangeKind(StrEnum):
    """How a record differs."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that differs; its entries, None on the side where it does not exist."""

    key: Key
    before: RecordDigest | None
    after: RecordDigest | None

    @property
    def kind(self) -> ChangeKind:
        """How it differs."""
        if self.before is None:
            return ChangeKind.ADDED
        return ChangeKind.REMOVED if self.after is None else ChangeKind.CHANGED

    @property
    def section(self) -> DiffSection:
        """Where it is shown."""
        return KINDS[self.key.kind].section

    def is_about(self, model: str) -> bool:
        """Whether it is about an Odoo model."""
        models = {entry.model for entry in (self.before, self.after) if entry is not None}
        return model in {*models, self.key.kind}


def compare(before: Index, after: Index) -> tuple[Difference, ...]:
    """Return the records that differ, sorted by kind and name.

    Of a kind that was not read in one of the databases none differs, and of one that was read in
    part only the names that both have been read up to.
    """
    found = (
        Difference(key, before.entries.get(key), after.entries.get(key))
        for key in sorted(before.entries.keys() | after.entries.keys())
    )
    ends = _ends((before.ends, after.ends))
    unread = before.problems.keys() | after.problems.keys()
    return tuple(
        each
        for each in found
        if _differ(each.before, each.after)
        and each.key.kind not in unread
        and (each.key.kind not in ends or each.key.name <= ends[each.key.kind])
    )


def _differ(before: RecordDigest | None, after: RecordDigest | None) -> bool:
    if before is None or after is None:
        return before is not after
    were_compared = before.rows and after.rows
    return before.digest != after.digest or bool(were_compared and before.rows != after.rows)


def _ends(sides: Iterable[Mapping[str, str]]) -> dict[str, str]:
    ends: dict[str, str] = {}
    for side in sides:
        for kind, name in side.items():
            ends[kind] = min(name, ends.get(kind, name))
    return ends
