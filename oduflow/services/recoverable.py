"""`Recoverable`: how the reconcile loop, adoption, `doctor` and `destroy` handle each noun.

A new noun implements `Recoverable` once and is registered in `bootstrap`; the four name no noun.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Protocol

from oduflow.domain.errors import UpstreamFailed
from oduflow.kernel.locks import Held, LockKey

log = logging.getLogger(__name__)

RECONCILER = "the reconciler"  # the holder of locks and the actor of jobs during reconciliation


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A row whose work may have been interrupted.

    Attributes:
        key: the lock that must be free: a living process that works on the row holds it.
        settle: finishes or undoes the work while the caller holds the lock; returns whether it
            passed the lock on to a job.
    """

    key: LockKey
    settle: Callable[[Held], bool]


@dataclass(frozen=True, slots=True)
class TeamWork:
    """Work of recovery that asks a team's own PostgreSQL, or whose length the team decides.

    It runs in a thread of the team, after the team's rows, so that it holds up no other team.

    Attributes:
        team: whose; that of a team whose PostgreSQL cannot be used is left out.
        run: does it, and returns the unsettled rows that it found.
    """

    team: str
    run: Callable[[], Iterable[Unsettled]]


@dataclass(frozen=True, slots=True)
class Leftover:
    """An object with the instance's label or in its data folder that has no row.

    Attributes:
        kind: `Container`, `Volume`, `Folder`, `Database` or `Team`.
        name: its name in Docker, PostgreSQL or the data folder.
        removal: the command that removes it; empty when there is none.
        remedy: what to do, where that is not to look at it and to remove it.
    """

    kind: str
    name: str
    removal: str = ""
    remedy: str = ""

    @property
    def hint(self) -> str:
        """What to do about it."""
        if self.remedy:
            return self.remedy
        if self.removal:
            return f"Look at it, then `{self.removal}`; nothing without a row is deleted."
        return "It takes space until `oduflow destroy`; nothing without a row is deleted."


@dataclass(frozen=True, slots=True)
class Stray:
    """A leftover whose labels or description may be enough to restore the row.

    Attributes:
        leftover: the object that was found.
        id: the id of the row that it describes; empty when it is incomplete.
        name: `team/name` of that row.
        adopt: writes the row; None when it is incomplete.
    """

    leftover: Leftover
    id: str = ""
    name: str = ""
    adopt: Callable[[], object] | None = None


class Recoverable(Protocol):
    """One noun's part in recovery from a crash, adoption after a lost store, and `destroy`.

    A noun inherits from this class and overrides the methods that apply to it.

    Attributes:
        folders: folders below the data folder that belong to the noun and to no team.
    """

    folders: ClassVar[tuple[str, ...]] = ()

    def ids(self) -> AbstractSet[str]:
        """Return the ids of the noun's rows."""
        return frozenset()

    def unsettled(self, *, revive: AbstractSet[str]) -> Iterator[Unsettled]:  # noqa: ARG002
        """Find rows whose work may have been interrupted; no team's PostgreSQL is asked.

        Args:
            revive: the teams whose environments are started again if the engine stopped them.
        """
        yield from ()

    def team_work(self) -> Iterator[TeamWork]:
        """List what must be asked or removed for each team beside the others."""
        yield from ()

    def prune(self) -> int:
        """Remove what is kept for a limited time only and is too old; return how many."""
        return 0

    def strays(self, adoptable: AbstractSet[str]) -> Iterator[Stray]:  # noqa: ARG002
        """Find leftovers that may be adopted.

        Args:
            adoptable: the ids of rows and complete strays of the nouns before this one.
        """
        yield from ()

    def pieces(self) -> Iterator[tuple[str, Leftover]]:
        """Find the noun's volumes, containers and databases, each with the id of its row."""
        yield from ()


@contextmanager
def of_one_team(team: str, what: str) -> Iterator[None]:
    """Log why files of one team cannot be reached, instead of raising: the other teams go on.

    For each look at files of one team in a loop over all teams: a part of its file system may be
    damaged while the file system answers.

    Args:
        team: whose.
        what: the subject of the line, such as “scratch folders”.
    """
    try:
        yield
    except (UpstreamFailed, OSError) as cause:
        reason = cause.message if isinstance(cause, UpstreamFailed) else cause.strerror or cause
        log.warning("team %s: %s cannot be reached: %s", team, what, reason)


@contextmanager
def of_one_noun(noun: Recoverable) -> Iterator[None]:
    """Log why files of one noun cannot be reached, instead of raising: the other nouns go on."""
    try:
        yield
    except OSError as cause:
        log.warning("%s: files cannot be reached: %s", type(noun).__name__, cause)


def find_strays(recoverables: tuple[Recoverable, ...]) -> Iterator[Stray]:
    """Find the strays of every noun, each noun after those that it depends on."""
    adoptable: set[str] = set()
    for noun in recoverables:
        adoptable |= noun.ids()
        found: list[Stray] = []
        with of_one_noun(noun):
            for stray in noun.strays(adoptable):
                adoptable.add(stray.id)
                found.append(stray)
        yield from found


def find_leftovers(recoverables: tuple[Recoverable, ...]) -> Iterator[Leftover]:
    """Find objects that belong to no row and cannot be adopted."""
    known = {id_ for noun in recoverables for id_ in noun.ids()}
    for stray in find_strays(recoverables):
        known.add(stray.id)
        if stray.adopt is None:
            yield stray.leftover
    for noun in recoverables:
        found: list[Leftover] = []
        with of_one_noun(noun):
            for owner, piece in noun.pieces():
                if owner not in known:
                    found.append(piece)
        yield from found
