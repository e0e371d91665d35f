"""What a noun offers to the reconcile loop, adoption, `doctor` and `destroy`.

A new noun implements `Recoverable` once and is registered in `bootstrap`; none of the four knows
a noun by name.
"""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import ClassVar, Protocol

from oduflow.kernel.locks import Held, LockKey

RECONCILER = "the reconciler"  # the holder of locks and the actor of jobs during reconciliation


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A row whose work may have been cut off.

    Attributes:
        key: the lock that proves that no living process works on it.
        settle: finishes or undoes the work while the lock is held; returns whether it passed the
            lock on to a job.
    """

    key: LockKey
    settle: Callable[[Held], bool]


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that carries our label or lies in our folder, and has no row.

    Attributes:
        kind: `Container`, `Volume`, `Folder` or `Database`.
        name: its name in the system that holds it.
        removal: the command that removes it, where there is one.
    """

    kind: str
    name: str
    removal: str = ""


@dataclass(frozen=True, slots=True)
class Stray:
    """A leftover that may describe a whole row.

    Attributes:
        leftover: where it was found.
        id: the id of the row that it describes; empty when it is incomplete.
        name: `team/name` of that row.
        adopt: writes the row; None when it is incomplete.
    """

    leftover: Leftover
    id: str = ""
    name: str = ""
    adopt: Callable[[], object] | None = None


class Recoverable(Protocol):
    """One noun, as far as it survives a crash, a lost store and an uninstallation.

    A noun inherits from it and overrides what it has.

    Attributes:
        folders: folders below the data folder that belong to the noun and to no team.
    """

    folders: ClassVar[tuple[str, ...]] = ()

    def ids(self) -> AbstractSet[str]:
        """Return the ids of the noun's rows."""
        return frozenset()

    def unsettled(self, *, at_start: bool) -> Iterator[Unsettled]:  # noqa: ARG002
        """Find rows whose work may have been cut off.

        Args:
            at_start: the engine or the machine restarted: what was running comes back too.
        """
        yield from ()

    def strays(self, adoptable: AbstractSet[str]) -> Iterator[Stray]:  # noqa: ARG002
        """Find what has no row.

        Args:
            adoptable: ids of other nouns' rows, and of strays of theirs that are complete.
        """
        yield from ()

    def pieces(self) -> Iterator[tuple[str, Leftover]]:
        """Find the noun's smaller pieces, each with the id of the row that it belongs to."""
        yield from ()


def find_strays(recoverables: tuple[Recoverable, ...]) -> Iterator[Stray]:
    """Find every stray, each noun's after those of the nouns that it depends on."""
    adoptable: set[str] = set()
    for noun in recoverables:
        adoptable |= noun.ids()
        for stray in noun.strays(adoptable):
            adoptable.add(stray.id)
            yield stray


def find_leftovers(recoverables: tuple[Recoverable, ...]) -> Iterator[Leftover]:
    """Find what belongs to no row and describes none."""
    known = {id_ for noun in recoverables for id_ in noun.ids()}
    for stray in find_strays(recoverables):
        known.add(stray.id)
        if stray.adopt is None:
            yield stray.leftover
    for noun in recoverables:
        yield from (piece for owner, piece in noun.pieces() if owner not in known)
