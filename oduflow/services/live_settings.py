"""The configuration in force: the file is read again when it changes.

Takes effect at once: all of `[team.<id>]` for the teams that the server started with, and the
removal of a team. Sections and new teams need what only a start makes (a listening socket,
networks, containers); their changes are logged and wait for the next start.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

from oduflow.settings import BadSettings, Settings, load
from oduflow.settings.problems import Report, bad_file
from oduflow.settings.read import IMPLICIT_TEAM
from oduflow.settings.rules import check_rules
from oduflow.settings.schema import keys_of
from oduflow.settings.sections import SECTIONS

POLL_SECONDS = 1.0
SETTLE_SECONDS = 0.25
log = logging.getLogger(__name__)

Signature = tuple[int, int, int]  # inode, size, time of the last change


class LiveSettings:
    """Settings that follow their file.

    A file that cannot be used changes nothing and is logged once. A file that changed a moment ago
    is left alone until it settles: half of a file can be valid and mean something else.

    Args:
        start: what the server started with.
        clock: monotonic seconds.
    """

    def __init__(self, start: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._start = self._now = self._work = start
        self._clock = clock
        self._next_poll = clock()
        self._guard = threading.Lock()
        self._read: Signature | None = (-1, -1, -1)
        self._logged = ""

    def current(self) -> Settings:
        """Return the configuration in force, without the removed teams."""
        # One thread polls; the others take the last known settings instead of waiting for it.
        if self._clock() >= self._next_poll and self._guard.acquire(blocking=False):
            try:
                self._poll()
            finally:
                self._guard.release()
        return self._now

    def for_work(self) -> Settings:
        """Return the same for work in progress, with the removed teams."""
        self.current()
        return self._work

    def _poll(self) -> None:
        self._next_poll = self._clock() + POLL_SECONDS
        source = self._start.source
        if source is None or (found := _signature(source)) == self._read:
            return
        if found is not None and 0 <= time.time() - found[2] / 1e9 < SETTLE_SECONDS:
            self._next_poll = self._clock() + SETTLE_SECONDS
            return
        text = self._apply(source)
        if text != self._logged:
            for line in text.splitlines():
                log.warning("%s", line)
        self._logged = text
        self._read = found  # taken before the file was read: a later change differs from it

    def _apply(self, source: Path) -> str:
        """Put the file in force; return what to warn of."""
        start, before = self._start, self._now
        try:
            found = load(source)
            merged = _merged(start, found)
        except BadSettings as wrong:
            return f"{wrong}\nThe previous configuration stays in force."
        if (merged.teams, merged.anonymise) != (before.teams, before.anonymise):
            log.info("%s was read again: its teams and [anonymise] are in force", source)
            self._work = merged.model_copy(
                update={"teams": MappingProxyType({**start.teams, **merged.teams})}
            )
            self._now = merged
        warnings = [warning for warning in found.warnings if warning not in before.warnings]
        # Changed values stay out of the log: they may be secret.
        changed = [
            f"[{name}] {key}"
            for name, section in SECTIONS.items()
            for key in keys_of(section)
            if getattr(getattr(start, name), key) != getattr(getattr(found, name), key)
        ]
        changed += [f"[team.{team}]" for team in found.teams if team not in start.teams]
        return "\n".join(
            [*warnings, *(f"{key} takes effect at the next start." for key in changed)]
        )


def _merged(start: Settings, found: Settings) -> Settings:
    """Combine the running sections with the teams of the file.

    Raises:
        BadSettings: the combination breaks a rule, such as a team without secrets beyond loopback.
    """
    if IMPLICIT_TEAM in found.warnings and IMPLICIT_TEAM not in start.warnings:
        # A full disk can leave an empty file, which would mean one team without secrets.
        raise bad_file("It no longer names a team", found.source)
    teams = {id_: team for id_, team in found.teams.items() if id_ in start.teams}
    merged = start.model_copy(
        update={
            "teams": MappingProxyType(teams),
            "anonymise": found.anonymise,
            "warnings": found.warnings,
        }
    )
    report = Report()
    check_rules(merged, report)
    if problems := report.problems():
        raise BadSettings(problems, found.source)
    return merged


def _signature(path: Path) -> Signature | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_ctime_ns  # programs can set mtime, not ctime
