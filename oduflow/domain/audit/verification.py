"""The verification of the audit log: find the rows that are not as they were written."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from oduflow.domain.audit.chain import START, Point, SealedRow, Sealer

MOST_FINDINGS = 20
PRUNING = "prune_audit"
NO_PREVIOUS_SEAL = ""  # stored with a row when the seal of the row before it was lost
_SERVER = "server"


class Fault(StrEnum):
    """The ways in which an audit log can be damaged."""

    CHANGED = "changed"
    CUT = "cut"
    DETACHED = "detached"
    FILES = "files"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One damage of the log.

    Attributes:
        number: the first row concerned; 0 when a file is.
        message: what is wrong, in one sentence.
    """

    number: int
    fault: Fault
    message: str


@dataclass(frozen=True, slots=True)
class AuditVerification:
    """The result of a verification; findings with the lowest row numbers first, files last."""

    rows: int
    last: int
    checkpoints: int
    findings: tuple[AuditFinding, ...]


@dataclass(frozen=True, slots=True)
class ChainFiles:
    """The contents of the files beside the store.

    Attributes:
        head: the end of the chain; None when the file is missing or its signature is wrong.
        checkpoints: the end of each day; None for each line with a wrong signature.
    """

    head: Point | None
    checkpoints: Sequence[Point | None] = ()

    def points(self) -> list[tuple[str, Point]]:
        """Return each position that the files name, with the name of the file."""
        named = [(f"the checkpoint of {point.day}", point) for point in self.checkpoints if point]
        return named + ([("the head file", self.head)] if self.head else [])


def verify(
    rows: Iterable[SealedRow], files: ChainFiles, sealer: Sealer, start: int = 1
) -> AuditVerification:
    """Follow the chain through all rows, then compare it with the files.

    Args:
        rows: in the order of their numbers.
        files: read before the rows, so that the rows are never behind them.
        sealer: has the key.
        start: the number of the first row to verify; above 1, the rows before it are trusted.
    """
    walk = _ChainWalk(sealer, {point.number for _, point in files.points()}, start)
    for row in rows:
        walk.see(row)
    walk.end()
    _compare(walk, files)
    found = sorted(walk.findings, key=lambda finding: (not finding.number, finding.number))
    return AuditVerification(
        walk.rows, walk.last.number, len(files.checkpoints), tuple(found[:MOST_FINDINGS])
    )


class _ChainWalk:
    """Follows the chain from row to row and collects findings."""

    def __init__(self, sealer: Sealer, wanted: set[int], start: int) -> None:
        self.findings: list[AuditFinding] = []
        self.rows = 0
        self.first: SealedRow | None = None
        self.last = START if start == 1 else Point(start - 1, "")
        self.seals: dict[int, str] = {}
        self.start = start
        self._sealer = sealer
        self._wanted = wanted
        self._pruned: set[tuple[int, str | None]] = set()

    def see(self, row: SealedRow) -> None:
        """Verify the next row."""
        self.rows += 1
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
            pass  # judged in `end`: a later row says which rows were pruned before it
        elif row.number != self.last.number + 1:
            self.report_missing(self.last.number + 1, row.number - 1)
        elif is_first:
            pass  # the rows before it are trusted
        elif row.previous != self.last.seal:
            self._report_detached(row)
        self.last = Point(row.number, row.seal or "")
        if row.number in self._wanted:
            self.seals[row.number] = self.last.seal

    def end(self) -> None:
        """Verify the first row, now that the pruned rows are known."""
        first = self.first
        if first is None or self.start > 1:
            return
        if first.number == 1:
            if first.previous != START.seal:
                self._report_detached(first)
        elif (first.number - 1, first.previous) not in self._pruned:
            self.report_missing(1, first.number - 1)

    def report(self, number: int, fault: Fault, message: str) -> None:
        """Add a finding."""
        self.findings.append(AuditFinding(number, fault, message))

    def report_missing(self, first: int, last: int) -> None:
        """Add a finding for rows missing from the middle or the beginning."""
        self.report(first, Fault.MISSING, f"{_rows(first, last)} missing.")

    def _report_detached(self, row: SealedRow) -> None:
        number = row.number
        lost = "the head file was missing or damaged when it was written"
        why = lost if row.previous == NO_PREVIOUS_SEAL else "one of the two was replaced"
        self.report(
            number, Fault.DETACHED, f"Row {number} does not follow row {number - 1}: {why}."
        )

    def _note_pruning(self, row: SealedRow) -> None:
        if PRUNING not in row.canonical:
            return
        said = json.loads(row.canonical)
        if (said["operation"], said["face"]) == (PRUNING, _SERVER):
            self._pruned.add((said["fields"]["through"], said["fields"]["seal"]))


def _compare(walk: _ChainWalk, files: ChainFiles) -> None:
    if files.head is None and (walk.first or files.checkpoints):
        walk.report(0, Fault.FILES, "The head file is missing, or not what was written.")
    for place, point in enumerate(files.checkpoints, 1):
        if point is None:
            walk.report(0, Fault.FILES, f"Line {place} of the checkpoints is not what was written.")
    cut = [point.number for _, point in files.points() if point.number > walk.last.number]
    if cut:
        gone = _rows(walk.last.number + 1, max(cut))
        walk.report(walk.last.number + 1, Fault.CUT, f"{gone} missing at the end.")
    for source, point in files.points():
        known = _seal_at(walk, point.number)
        if known is not None and known != point.seal:
            message = f"Row {point.number} is not the one that {source} names."
            walk.report(point.number, Fault.CHANGED, message)


def _seal_at(walk: _ChainWalk, number: int) -> str | None:
    """Return the seal of the row with that number, None when it cannot be known."""
    if number in walk.seals:
        return walk.seals[number]
    if walk.first and number == walk.first.number - 1:
        return walk.first.previous
    return walk.last.seal if walk.first is None and number == walk.last.number else None


def _rows(first: int, last: int) -> str:
    return f"Row {first} is" if first == last else f"Rows {first} to {last} are"
