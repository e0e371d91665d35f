"""The configuration as it is now: the file is read again when it changes.

What changes at once: everything of `[team.<id>]` for the teams that the server started with, and
that a team is gone. Sections and new teams need what is only made at a start (a listening socket,
networks, containers); they are told to the log and wait for the next one.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from oduflow.settings.locate import load
from oduflow.settings.problems import BadSettings, Report, SettingsProblem
from oduflow.settings.read import IMPLICIT_TEAM
from oduflow.settings.rules import check_rules
from oduflow.settings.schema import keys_of
from oduflow.settings.sections import SECTIONS, Settings
from oduflow.settings.team import TeamSettings

LOOK_SECONDS = 1.0
SETTLE_SECONDS = 0.25
log = logging.getLogger(__name__)

Signature = tuple[int, int, int]  # inode, size, time of the last change
_NOTHING = (-1, -1, -1)


class LiveSettings:
    """Settings that follow their file.

    A file that cannot be used changes nothing, which is told once: the server goes on with what
    it has. One that is being written in place is left alone until it was still for a moment,
    because half a file can be valid and say something else.

    Args:
        start: what the server started with.
        clock: the time in seconds, which never goes back.
    """

    def __init__(self, start: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._start = start
        self._now = start
        self._work = start
        self._clock = clock
        self._next_look = clock()
        self._guard = threading.Lock()
        self._read: Signature | None = _NOTHING
        self._told = ""

    def current(self) -> Settings:
        """Return the configuration as it is now; a removed team is not in it."""
        # Whoever finds another one looking goes by what was known before.
        if self._clock() >= self._next_look and self._guard.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._guard.release()
        return self._now

    def for_work(self) -> Settings:
        """Return the same for work in hand, which still knows a team that was removed."""
        self.current()
        return self._work

    def _look(self) -> None:
        self._next_look = self._clock() + LOOK_SECONDS
        source = self._start.source
        if source is None or (found := _signature(source)) == self._read:
            return
        if _may_be_being_written(found):
            self._next_look = self._clock() + SETTLE_SECONDS
            return
        self._take_over(source)
        self._read = found  # what came after it differs from this, and is read at the next look

    def _take_over(self, source: Path) -> None:
        try:
            found = load(source)
            merged = _merged(self._start, found)
        except BadSettings as wrong:
            self._tell(f"{wrong}\nWhat was in force before stays in force.")
            return
        told = [warning for warning in found.warnings if warning not in self._now.warnings]
        told += _at_next_start(self._start, found)
        if merged.teams != self._now.teams:
            log.info("%s was read again: its teams are in force", source)
            self._work = replace(merged, teams=_joined(self._start, merged))
            self._now = merged
        self._tell("\n".join(told))

    def _tell(self, problems: str) -> None:
        if problems != self._told:
            for line in problems.splitlines():
                log.warning("%s", line)
        self._told = problems


def _merged(start: Settings, found: Settings) -> Settings:
    """Combine the running sections with the teams of the file.

    Raises:
        BadSettings: together they would let somebody in by an oversight.
    """
    if IMPLICIT_TEAM in found.warnings and IMPLICIT_TEAM not in start.warnings:
        # As a full disk leaves a file: nothing in it would mean one team without secrets.
        raise BadSettings([SettingsProblem(None, "", "", "It names no team any more", "")])
    teams = {id_: team for id_, team in found.teams.items() if id_ in start.teams}
    merged = replace(start, teams=MappingProxyType(teams), warnings=found.warnings)
    report = Report({})
    check_rules(merged, report)
    if problems := report.problems():
        raise BadSettings(problems, found.source)
    return merged


def _joined(start: Settings, merged: Settings) -> Mapping[str, TeamSettings]:
    return MappingProxyType({**start.teams, **merged.teams})


def _at_next_start(start: Settings, found: Settings) -> list[str]:
    """Name what differs and needs a start; keys only, for values may be secret."""
    keys = [
        f"[{name}] {key}"
        for name, section in SECTIONS.items()
        for key in keys_of(section)
        if getattr(getattr(start, name), key) != getattr(getattr(found, name), key)
    ]
    keys += [f"[team.{team}]" for team in found.teams if team not in start.teams]
    return [f"{key} takes effect at the next start." for key in keys]


def _signature(path: Path) -> Signature | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_ctime_ns  # unlike mtime, nobody sets it


def _may_be_being_written(signature: Signature | None) -> bool:
    """Whether the file changed only a moment ago."""
    return signature is not None and 0 <= time.time() - signature[2] / 1e9 < SETTLE_SECONDS
