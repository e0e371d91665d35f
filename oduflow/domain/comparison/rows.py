"""The rows of one table that differ: how many were added, removed and changed, and their ids."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from oduflow.domain.comparison.changes import Change, clean
from oduflow.domain.comparison.records import ChangeKind, Difference

MOST_IDS = 10  # of each kind of change
NOT_COMPARED = "content: differs; which rows was not compared"


class RowDigest(NamedTuple):
    """One row: its `id`, empty where the table has none, and a digest of its values."""

    id: str
    digest: int


@dataclass(frozen=True, slots=True)
class RowChanges:
    """The rows that differ, as their ids; a row of a table without ids has an empty one."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @classmethod
    def between(cls, before: Iterable[RowDigest], after: Iterable[RowDigest]) -> "RowChanges":
        """Compare the rows of both databases; the order of the rows says nothing."""
        old, new = Counter(before), Counter(after)
        gone = [row.id for row in (old - new).elements()]
        come = [row.id for row in (new - old).elements()]
        changed = ({*gone} & {*come}) - {""}
        return cls(
            tuple(id_ for id_ in come if id_ not in changed),
            tuple(id_ for id_ in gone if id_ not in changed),
            tuple(changed),
        )

    def details(self) -> tuple[str, ...]:
        """Return a line for each kind of change, such as `changed: 1 (id 3)`."""
        kinds = (("added", self.added), ("removed", self.removed), ("changed", self.changed))
        return tuple(f"{word}: {len(ids)}{_shown(ids)}" for word, ids in kinds if ids)


def change_of_rows(difference: Difference, rows: RowChanges | None) -> Change | None:
    """Return the text of a table whose rows differ; None when it has none that differs any more.

    Args:
        difference: of a table that is in both databases.
        rows: what differs; None where it is not known.
    """
    before, after = difference.before, difference.after
    assert before is not None  # noqa: S101 - for the type checker
    assert after is not None  # noqa: S101 - the same
    details: list[str] = []
    if before.digest != after.digest:
        details.append(f"rows: {before.digest} → {after.digest}")
    if rows is not None:
        details += rows.details()
    elif before.rows and after.rows and before.rows != after.rows:
        details.append(NOT_COMPARED)
    if not details:
        return None
    return Change(
        ChangeKind.CHANGED, difference.key.kind, clean(difference.key.name), tuple(details)
    )


def _shown(ids: Sequence[str]) -> str:
    numbers = sorted((id_ for id_ in ids if id_), key=lambda id_: (len(id_), id_))
    if not numbers:
        return ""
    more = ", …" if len(numbers) > MOST_IDS else ""
    return clean(f" (id {', '.join(numbers[:MOST_IDS])}{more})").replace("\n", " ")
