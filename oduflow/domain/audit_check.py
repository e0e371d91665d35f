"""Find out whether the audit trail is still what was written, and where it is not."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from oduflow.domain.audit_chain import Origin, Point, SealedRow, Sealer

MOST_FINDINGS = 20
PRUNING = "prune_audit"
ANEW = ""  # instead of a seal before it: what the row followed was lost
_SERVER = "server"


class Fault(StrEnum):
    """What can be wrong with a trail."""

    CHANGED = "changed"
    CUT = "cut"
    DETACHED = "detached"
    FILES = "files"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        number: the first row that it is about; 0 where it is about a file.
        message: what is wrong, in one sentence.
    """

    number: int
    fault: Fault
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check saw, and what is wrong: the lowest numbers first, files last."""

    rows: int
    last: int
    checkpoints: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Files:
    """What the files beside the store say.

    Attributes:
        head: where the chain ends; None when the file is missing or not ours.
        checkpoints: where it ended day by day; None for each line that is not ours.
    """

    head: Point | None
    checkpoints: Sequence[Point | None] = ()

    def points(self) -> list[tuple[str, Point]]:
        """Return each place that the files name, and who names it."""
        named = [(f"the checkpoint of {point.day}", point) for point in self.checkpoints if point]
        return named + ([("the head file", self.head)] if self.head else [])


def check(rows: Iterable[SealedRow], files: Files, sealer: Sealer, start: int = 1) -> Verdict:
    """Follow the chain through all rows, then compare it with the files.

    Args:
        rows: in the order of their numbers.
        files: read before the rows were, so that the rows are never behind them.
        sealer: has the key.
        start: the first number that is looked at. Above 1, what is before it is believed.
    """
    walk = _Walk(sealer, {point.number for _, point in files.points()}, start)
    for row in rows:
        walk.see(row)
    walk.end()
    _compare(walk, files)
    found = sorted(walk.findings, key=lambda finding: (not finding.number, finding.number))
    return Verdict(
        walk.rows, walk.last.number, len(files.checkpoints), tuple(found[:MOST_FINDINGS])
    )


class _Walk:
    """Goes from row to row."""

    def __init__(self, sealer: Sealer, wanted: set[int], start: int) -> None:
        self.findings: list[Finding] = []
        self.rows = 0
        self.first: SealedRow | None = None  # that has a seal
        self.last = Origin().point if start == 1 else Point(start - 1, "")
        self.seals: dict[int, str] = {}
        self.start = start
        self._sealer = sealer
        self._wanted = wanted
        self._origin = Origin()
        self._pruned: set[tuple[int, str | None]] = set()

    def see(self, row: SealedRow) -> None:
        """Take the next row in."""
        self.rows += 1
        if row.seal is None and self.first is None:  # from before there were seals
            self._origin.add(row)
            self.last = self._origin.point
            return
        if self._sealer.fits(row):
            self._note_pruning(row)
        else:
            self.report(
                row.number,
                Fault.CHANGED,
                f"Row {row.number} is not what was written: it was edited, moved or forged, or "
                "sealed with another key.",
            )
        is_first, self.first = self.first is None, self.first or row
        if is_first and self.start == 1:
            pass  # judged at the end: what was pruned before it is said by a later row
        elif row.number != self.last.number + 1:
            self.report_missing(self.last.number + 1, row.number - 1)
        elif is_first:
            pass  # what it follows is believed
        elif row.previous != self.last.seal:
            self._report_detached(row)
        self.last = Point(row.number, row.seal or "")
        if row.number in self._wanted:
            self.seals[row.number] = self.last.seal

    def end(self) -> None:
        """Judge the first row, now that it is known what was pruned."""
        first, origin = self.first, self._origin.point
        if first is None or self.start > 1:
            return
        if (first.number, first.previous) == (origin.number + 1, origin.seal):
            return
        if origin.number:
            self.report(
                1,
                Fault.CHANGED,
                f"The rows up to {first.number - 1}, from before rows were sealed, are not what "
                f"they were when row {first.number} was.",
            )
        elif first.number == 1:
            self._report_detached(first)
        elif (first.number - 1, first.previous) not in self._pruned:
            self.report_missing(1, first.number - 1)

    def report(self, number: int, fault: Fault, message: str) -> None:
        """Note one thing that is wrong."""
        self.findings.append(Finding(number, fault, message))

    def report_missing(self, first: int, last: int) -> None:
        """Note that rows are gone from the middle or the beginning."""
        self.report(first, Fault.MISSING, f"{_rows(first, last)} missing.")

    def _report_detached(self, row: SealedRow) -> None:
        number = row.number
        lost = "the head file was missing or damaged when it was written"
        why = lost if row.previous == ANEW else "one of the two was replaced"
        self.report(
            number, Fault.DETACHED, f"Row {number} does not follow row {number - 1}: {why}."
        )

    def _note_pruning(self, row: SealedRow) -> None:
        if PRUNING not in row.canonical:
            return
        said = json.loads(row.canonical)
        if (said["operation"], said["face"]) == (PRUNING, _SERVER):
            self._pruned.add((said["fields"]["through"], said["fields"]["seal"]))


def _compare(walk: _Walk, files: Files) -> None:
    if files.head is None and (walk.first or files.checkpoints):
        walk.report(0, Fault.FILES, "The head file is missing, or not what was written.")
    for place, point in enumerate(files.checkpoints, 1):
        if point is None:
            walk.report(0, Fault.FILES, f"Line {place} of the checkpoints is not what was written.")
    cut = [point.number for _, point in files.points() if point.number > walk.last.number]
    if cut:
        gone = _rows(walk.last.number + 1, max(cut))
        walk.report(walk.last.number + 1, Fault.CUT, f"{gone} missing at the end.")
    for who, point in files.points():
        known = _seal_at(walk, point.number)
        if known is not None and known != point.seal:
            message = f"Row {point.number} is not the one that {who} names."
            walk.report(point.number, Fault.CHANGED, message)


def _seal_at(walk: _Walk, number: int) -> str | None:
    """Return the seal that the chain has at a number, None where it cannot be known."""
    if number in walk.seals:
        return walk.seals[number]
    if walk.first and number == walk.first.number - 1:
        return walk.first.previous
    return walk.last.seal if walk.first is None and number == walk.last.number else None


def _rows(first: int, last: int) -> str:
    return f"Row {first} is" if first == last else f"Rows {first} to {last} are"
