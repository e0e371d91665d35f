"""Write audit rows for the runner and every face, and count calls that repeat.

An appended row is in the store at once. Equal counted calls become one row at the end of the
minute. The first such call of an authenticated actor is also written at once, so that a kill loses
only the number of repetitions. Its refused calls are distinguished up to MAX_REFUSALS a minute, the
others share a row without fields and address. Refused anonymous calls get one row for each address
and minute; at most MAX_ADDRESSES addresses are distinguished.
"""

import logging
import threading
from collections import Counter
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.addresses import client_network
from oduflow.domain.audit.rows import OTHERS, AuditRow, NumberedAuditRow
from oduflow.domain.errors import Failure

MINUTE_SECONDS = 60.0
MAX_ADDRESSES = 100
MAX_REFUSALS = 30
MAX_COUNTERS = 1000
log = logging.getLogger(__name__)


class Log(Protocol):
    """The table that rows are appended to."""

    def append(self, *rows: AuditRow) -> None:
        """Append rows in one transaction."""

    def newest(self, team: str) -> int:
        """Return the number of the team's newest row, 0 if it has none."""

    def after(self, team: str, number: int) -> Sequence[NumberedAuditRow]:
        """Return the team's rows of higher numbers, the oldest first."""


class AuditWriter:
    """Implements `kernel.ports.AuditSink`; safe to use from any thread.

    Args:
        log: the table that rows are appended to.
        minute: seconds for which calls are counted before their row is written.
    """

    def __init__(self, log: Log, minute: float = MINUTE_SECONDS) -> None:
        self._log = log
        self._minute = minute
        self._guard = threading.Lock()
        self._known: dict[Hashable, AuditRow] = {}
        self._anonymous: dict[Hashable, AuditRow] = {}
        self._refusals: Counter[Actor] = Counter()
        self._timer: threading.Timer | None = None

    def append(self, row: AuditRow) -> None:
        """Write a row at once.

        Raises:
            Failure: the row could not be written.
        """
        self._log.append(row)

    def count(self, row: AuditRow) -> None:
        """Count a call that may repeat within the minute.

        Raises:
            Failure: the first row of an authenticated actor could not be written.
        """
        with self._guard:
            first = self._add(row)
            self._start_timer()
        if first is not None:
            self._log.append(first)

    def newest(self, team: str) -> int:
        """Return the number of the team's newest row, 0 if it has none."""
        return self._log.newest(team)

    def after(self, team: str, number: int) -> Sequence[NumberedAuditRow]:
        """Return the team's rows of higher numbers, the oldest first; some thousand at most."""
        return self._log.after(team, number)

    def flush(self) -> None:
        """Write the counted rows; keep those that cannot be written for the next try."""
        with self._guard:
            self._timer = None
            counted = [*self._known.values(), *self._anonymous.values()]
            self._known, self._anonymous, self._refusals = {}, {}, Counter()
        rows = [row for row in counted if row.count]
        try:
            if rows:
                self._log.append(*rows)
        except Failure as failure:
            log.warning("counted calls are not in the audit trail yet: %s", failure.message)
            with self._guard:
                for row in rows:
                    self._put_back(row)
                self._start_timer()

    def close(self) -> None:
        """Write the counted rows and stop the timer; a second call does nothing more."""
        self._stop_timer()
        self.flush()
        self._stop_timer()  # flush restarts it when a row could not be written

    def _add(self, row: AuditRow) -> AuditRow | None:
        """Count a row; return an authenticated actor's first one, to write at once, else None."""
        if _is_refused_anonymous(row):
            self._add_anonymous(row)
            return None
        is_refused = row.outcome != "ok"
        if is_refused and _key(row) not in self._known:
            row = self._limited(row)
        key = _key(row)
        if key in self._known:
            self._known[key] = _added(self._known[key], row)
            return None
        if is_refused or len(self._known) < MAX_COUNTERS:
            self._known[key] = replace(row, count=0)
        return row

    def _limited(self, row: AuditRow) -> AuditRow:
        """Return a refusal without what distinguishes it, if its actor had many this minute."""
        self._refusals[row.actor] += 1
        if self._refusals[row.actor] <= MAX_REFUSALS:
            return row
        return replace(row, address=OTHERS, fields={})

    def _add_anonymous(self, row: AuditRow) -> None:
        with suppress(ValueError):  # a value that is no address is counted unchanged
            row = replace(row, address=client_network(row.address))
        if _key(row) not in self._anonymous and len(self._anonymous) >= MAX_ADDRESSES:
            row = replace(row, address=OTHERS, fields={})
        known = self._anonymous.get(_key(row))
        self._anonymous[_key(row)] = _added(known, row) if known else row

    def _put_back(self, row: AuditRow) -> None:
        key = _key(row)
        if _is_refused_anonymous(row):
            self._add_anonymous(row)
        elif key in self._known:
            self._known[key] = _added(self._known[key], row)
        elif len(self._known) < MAX_COUNTERS:
            self._known[key] = row

    def _stop_timer(self) -> None:
        with self._guard:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _start_timer(self) -> None:
        if self._timer is None and (self._known or self._anonymous):
            self._timer = threading.Timer(self._minute, self.flush)
            self._timer.daemon = True
            self._timer.start()


def _is_refused_anonymous(row: AuditRow) -> bool:
    return row.actor.kind is ActorKind.ANONYMOUS and row.outcome != "ok"


def _key(row: AuditRow) -> Hashable:
    fields = repr(sorted(row.fields.items()))
    return (row.actor, row.face, row.address, row.operation, str(row.outcome), fields)


def _added(counted: AuditRow, row: AuditRow) -> AuditRow:
    return replace(
        counted,
        time=max(counted.time, row.time),
        duration_ms=max(counted.duration_ms, row.duration_ms),
        count=counted.count + row.count,
    )
