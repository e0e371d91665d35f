"""Where every face and the runner put what they remember; what repeats is counted.

A row that is appended is in the store at once. Of calls that are counted, those of a minute that
are alike are one row when the minute is over. Of somebody known the first is a row at once, so
that a kill loses nothing but how often it was repeated. Strangers have one row an address and
minute, and only so many addresses are told apart.
"""

import logging
import threading
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from oduflow.domain.access import ActorKind
from oduflow.domain.addresses import client_network
from oduflow.domain.audit.rows import OTHERS, AuditRow
from oduflow.domain.errors import Failure

MINUTE_SECONDS = 60.0
MOST_ADDRESSES = 100
MOST_COUNTERS = 1000
log = logging.getLogger(__name__)


class Log(Protocol):
    """Where rows end up."""

    def append(self, *rows: AuditRow) -> None:
        """Append rows in one transaction."""


class AuditWriter:
    """Implements `kernel.ports.AuditSink`; safe to use from any thread.

    Args:
        log: where rows end up.
        minute: seconds for which calls are counted before their row is written.
    """

    def __init__(self, log: Log, minute: float = MINUTE_SECONDS) -> None:
        self._log = log
        self._minute = minute
        self._guard = threading.Lock()
        self._known: dict[Hashable, AuditRow] = {}
        self._strangers: dict[Hashable, AuditRow] = {}
        self._timer: threading.Timer | None = None

    def append(self, row: AuditRow) -> None:
        """Append a row at once.

        Raises:
            Failure: it could not be written.
        """
        self._log.append(row)

    def count(self, row: AuditRow) -> None:
        """Remember a call that may well come again within the minute.

        Raises:
            Failure: a row of somebody known could not be written.
        """
        with self._guard:
            is_new = self._add(row)
            self._wake()
        if is_new:
            self._log.append(row)

    def flush(self) -> None:
        """Write what was counted; what cannot be written stays, and is tried again."""
        with self._guard:
            self._timer = None
            counted = [*self._known.values(), *self._strangers.values()]
            self._known, self._strangers = {}, {}
        rows = [row for row in counted if row.count]
        try:
            if rows:
                self._log.append(*rows)
        except Failure as failure:
            log.warning("counted calls are not in the audit trail yet: %s", failure.message)
            with self._guard:
                for row in rows:
                    self._put_back(row)
                self._wake()

    def close(self) -> None:
        """Write what was counted, and count no more by the clock; safe to repeat."""
        self._stop_clock()
        self.flush()
        self._stop_clock()  # what could not be written would be tried again

    def _add(self, row: AuditRow) -> bool:
        """Count a row; whether it is the first of somebody known, to be written at once."""
        if _is_stranger(row):
            self._add_stranger(row)
            return False
        key = _key(row)
        if key in self._known:
            self._known[key] = _added(self._known[key], row)
            return False
        if len(self._known) < MOST_COUNTERS:
            self._known[key] = replace(row, count=0)
        return True

    def _add_stranger(self, row: AuditRow) -> None:
        with suppress(ValueError):  # what is not an address is counted as it is
            row = replace(row, address=client_network(row.address))
        if _key(row) not in self._strangers and len(self._strangers) >= MOST_ADDRESSES:
            row = replace(row, address=OTHERS, fields={})
        known = self._strangers.get(_key(row))
        self._strangers[_key(row)] = _added(known, row) if known else row

    def _put_back(self, row: AuditRow) -> None:
        key = _key(row)
        if _is_stranger(row):
            self._add_stranger(row)
        elif key in self._known:
            self._known[key] = _added(self._known[key], row)
        elif len(self._known) < MOST_COUNTERS:
            self._known[key] = row

    def _stop_clock(self) -> None:
        with self._guard:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _wake(self) -> None:
        if self._timer is None and (self._known or self._strangers):
            self._timer = threading.Timer(self._minute, self.flush)
            self._timer.daemon = True
            self._timer.start()


def _is_stranger(row: AuditRow) -> bool:
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
