"""The audit log in the store: rows are only appended, and each seal covers the row before.

The seal's key and the head file are outside the store. A row is committed first and the head file
is written next, so that a kill between the two leaves a head that is behind, never ahead. A head
that is ahead means that rows were removed: the next row then follows the head and not the last
row, so that the gap stays visible for good.
"""

import functools
import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Text, bindparam, delete, func, or_, select, type_coerce

from oduflow.adapters.store.audit_files import CheckpointFile, HeadFile, OpenHead
from oduflow.adapters.store.audit_text import canonical, read
from oduflow.adapters.store.engine import PATIENCE_SECONDS, Store
from oduflow.adapters.store.errors import translated
from oduflow.adapters.store.tables import MOMENT, audit
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.audit.chain import START, Point, SealedRow, Sealer
from oduflow.domain.audit.rows import AuditRow, NumberedAuditRow
from oduflow.domain.audit.verification import (
    NO_PREVIOUS_SEAL,
    PRUNING,
    AuditVerification,
    ChainFiles,
    verify,
)
from oduflow.domain.audit.view import ReadAudit
from oduflow.domain.clock import now

HEAD, CHECKPOINT = "head", "checkpoint"
_FETCHED = 1000
_SEALED = (
    audit.c.number,
    type_coerce(audit.c.time, Text).label("time"),
    audit.c.team,
    audit.c.canonical,
    audit.c.previous,
    audit.c.seal,
)
_TAIL = select(audit.c.number, audit.c.seal).order_by(audit.c.number.desc()).limit(1)
_NEWEST = select(func.max(audit.c.number)).where(audit.c.team == bindparam("team"))
_AFTER = (
    select(audit.c.number, audit.c.canonical)
    .where(audit.c.team == bindparam("team"), audit.c.number > bindparam("number"))
    .order_by(audit.c.number)
    .limit(_FETCHED)
)
_INSERT = audit.insert()
log = logging.getLogger(__name__)


class AuditLog:
    """The audit log of one data folder.

    Args:
        store: where the rows are.
        folder: where the head file and the checkpoints are.
        key: returns the key of the seals; called once, when it is first needed.
        clock: returns the time.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        key: Callable[[], str],
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._store = store
        self._head = HeadFile(folder / "head", PATIENCE_SECONDS)
        self._checkpoints = CheckpointFile(folder / "checkpoints")
        self._sealer = functools.cache(lambda: Sealer(key()))
        self._clock = clock

    def append(self, *rows: AuditRow) -> None:
        """Append rows in one transaction.

        Raises:
            Failure: they could not be written.
        """
        sealer = self._sealer()
        with translated(), self._head.locked() as head:
            with self._store.write(lasting=False) as connection:
                end = self._end(connection, head)
                for row in rows:
                    end = _insert(connection, sealer, end, row)
            self._write_head(head, end)

    def find(
        self, team: str, asked: ReadAudit, reading: Collection[str] = ()
    ) -> tuple[NumberedAuditRow, ...]:
        """Return the team's rows that match the filter, newest first.

        Args:
            team: the team's id.
            asked: the filter.
            reading: the operations that only read, whose successful calls `reads=False` leaves out.
        """
        text = audit.c.canonical
        query = select(audit.c.number, text).where(audit.c.team == team)
        said = {"actor.subject": asked.actor, "face": asked.face, "operation": asked.operation}
        for path, value in {**said, "outcome": asked.outcome}.items():
            if value is not None:
                query = query.where(func.json_extract(text, f"$.{path}") == value)
        if not asked.reads:
            refused = func.json_extract(text, "$.outcome") != "ok"
            changes = func.json_extract(text, "$.operation").not_in(sorted(reading))
            query = query.where(or_(refused, changes))
        if asked.since is not None:
            query = query.where(audit.c.time >= asked.since)
        if asked.until is not None:
            query = query.where(audit.c.time < asked.until)
        if asked.before is not None:
            query = query.where(audit.c.number < asked.before)
        query = query.order_by(audit.c.number.desc()).limit(asked.limit)
        with self._store.read() as connection:
            return tuple(
                NumberedAuditRow(row.number, read(row.canonical))
                for row in connection.execute(query)
            )

    def newest(self, team: str) -> int:
        """Return the number of the team's newest row, 0 if it has none."""
        [row] = self._store.rows(_NEWEST, {"team": team})
        return row[0] or 0

    def after(self, team: str, number: int) -> tuple[NumberedAuditRow, ...]:
        """Return the team's rows of higher numbers, the oldest first; a thousand at most."""
        found = self._store.rows(_AFTER, {"team": team, "number": number})
        return tuple(NumberedAuditRow(each, read(text)) for each, text in found)

    def verify(self, start: int = 1) -> AuditVerification:
        """Verify all rows against their seals and the files; writers need not wait.

        Args:
            start: the number of the first row to verify.
        """
        sealer = self._sealer()
        with translated():
            # Read before the rows, so that the rows are never behind the head.
            head = sealer.read(HEAD, self._head.read())
            files = ChainFiles(head, self._read_checkpoints())
        with self._store.read() as connection:
            return verify(_rows(connection, start), files, sealer, start)

    def sign(self, purpose: str, text: str) -> str:
        """Sign a text with the key of the seals.

        Args:
            purpose: what the text is; a signature for one purpose never fits another.
            text: the text.
        """
        return self._sealer().sign(purpose, text)

    def prune(self, before: datetime) -> int:
        """Delete the rows up to the last checkpoint before a moment; return how many they were.

        Damaged rows are evidence and stay. A row about the pruning is written in the same
        transaction.
        """
        day = _day(before)
        old = [point for point in self._read_checkpoints() if point and point.day < day]
        first = self._first_number()
        if not old or not first or first > old[-1].number:
            return 0
        through = old[-1]
        sealer = self._sealer()
        with translated(), self._head.locked() as head:
            with self._store.write() as connection:
                rows = _rows(connection, first, through.number)
                found = verify(rows, ChainFiles(through), sealer, first)
                if found.findings:
                    log.error("the audit trail is not pruned: %s", found.findings[0].message)
                    return 0
                row = _pruning(through, found.rows, self._clock())
                end = _insert(connection, sealer, self._end(connection, head), row)
                connection.execute(delete(audit).where(audit.c.number <= through.number))
            self._write_head(head, end)
        return found.rows

    def _end(self, connection: Connection, head: OpenHead) -> Point:
        """Return the end of the chain; on a new day, also write the checkpoint of the last day."""
        sealer, today = self._sealer(), _day(self._clock())
        found = connection.execute(_TAIL).first()
        line = head.read()
        said = sealer.read(HEAD, line)
        tail = Point(found.number, found.seal or NO_PREVIOUS_SEAL) if found else START
        if said is None and not line and found is None:
            origin = replace(START, day=today)
            # Written before the first row, so that a missing head means that it was removed.
            head.write(sealer.line(HEAD, origin))
            head.sync()
            return origin
        if said is None:
            log.error("the audit trail's head file is missing or damaged: oduflow audit verify")
            return Point(tail.number, NO_PREVIOUS_SEAL)
        if said.number > tail.number or (said.number == tail.number and said.seal != tail.seal):
            log.error("the audit trail was cut or changed: oduflow audit verify")
            tail = said
        if said.day < today and tail.seal:
            point = Point(tail.number, tail.seal, said.day)
            self._checkpoints.append(sealer.line(CHECKPOINT, point))
            log.info("audit checkpoint %s %d %s", point.day, point.number, point.seal)
        return tail

    def _write_head(self, head: OpenHead, end: Point) -> None:
        today = _day(self._clock())
        head.write(self._sealer().line(HEAD, Point(end.number, end.seal, today)))

    def _read_checkpoints(self) -> list[Point | None]:
        sealer = self._sealer()
        with translated():
            return [sealer.read(CHECKPOINT, line) for line in self._checkpoints.lines()]

    def _first_number(self) -> int:
        with self._store.read() as connection:
            return connection.scalar(select(func.min(audit.c.number))) or 0


def _insert(connection: Connection, sealer: Sealer, end: Point, row: AuditRow) -> Point:
    """Append a row to the chain, and return the new end."""
    team = row.actor.team
    number, text = end.number + 1, canonical(row)
    time = MOMENT.to_text(row.time)
    seal = sealer.seal(SealedRow(number, time, team, text, end.seal, None))
    connection.execute(
        _INSERT,
        {
            "number": number,
            "time": row.time,
            "team": team,
            "canonical": text,
            "previous": end.seal,
            "seal": seal,
        },
    )
    return Point(number, seal)


def _rows(connection: Connection, first: int, last: int | None = None) -> Iterator[SealedRow]:
    query = select(*_SEALED).where(audit.c.number >= first).order_by(audit.c.number)
    if last is not None:
        query = query.where(audit.c.number <= last)
    for row in connection.execution_options(yield_per=_FETCHED).execute(query):
        yield SealedRow(*row)


def _pruning(through: Point, rows: int, moment: datetime) -> AuditRow:
    return AuditRow(
        time=moment,
        actor=Actor("", ActorKind.CLI, "server"),
        face="server",
        address="",
        operation=PRUNING,
        fields={"through": through.number, "seal": through.seal, "rows": rows},
        outcome="ok",
        duration_ms=0,
    )


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()
