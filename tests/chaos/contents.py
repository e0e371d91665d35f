"""What an environment and its snapshots must hold: the marks that were written before each round.

A mark is one word, in the database, in the filestore and in the checkout alike. It changes with a
rollback, a creation, a copy and a deletion only; no fault may lose it or mix two of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.chaos.answers import ABSENT, FAILED, Ended

Marks = frozenset[str] | None  # None for any: two operations at once, of an unknown order
TEMPLATES: Marks = frozenset({""})  # a new environment holds no mark


@dataclass(frozen=True)
class HeldContents:
    """What an environment was seen to hold.

    Attributes:
        marks: the one of each part; empty where there is no environment.
        snapshots: whether each is an automatic one, by its name.
    """

    marks: tuple[str, ...] = ()
    snapshots: Mapping[str, bool] = field(default_factory=dict)

    @property
    def named(self) -> set[str]:
        """The snapshots that were asked for."""
        return {name for name, automatic in self.snapshots.items() if not automatic}


@dataclass
class ExpectedContents:
    """The marks of one environment and of its snapshots.

    Attributes:
        now: those of which it holds one.
        kept: those of which each snapshot holds one.
        sure: the snapshots that must be there; the others may be.
        contended: whether two operations were at work at once. Their answers arrive in any order,
            so that only what holds in each order is compared.
    """

    now: Marks = TEMPLATES
    kept: dict[str, Marks] = field(default_factory=dict)
    sure: set[str] = field(default_factory=set)
    contended: bool = False

    def ended(
        self,
        operation: str,
        end: Ended,
        before: set[str],
        snapshot: str = "",
        source: "ExpectedContents | None" = None,
    ) -> str:
        """Learn from an operation's end; return what is wrong with it, if anything.

        Args:
            operation: its name.
            end: its answer.
            before: the states that the environment may have had.
            snapshot: the one that is made, deleted or gone back to.
            source: what a copy is made of; None for a creation from the template.
        """
        if end.lacks_snapshot:
            return self._missed(snapshot)
        if end.refused or end.kind == "not_found":
            return ""
        self._taken(end.snapshot, end)  # of the state before, also before a rebuild
        match operation:
            case "create" | "copy":
                self._made(end, before, source)
            case "delete":
                self._deleted(end)
            case "create_snapshot":
                self._taken(snapshot, end)
            case "delete_snapshot":
                self._untaken(snapshot, end)
            case "rollback":
                self._gone_back(snapshot, end)
        return ""

    def wrong(self, held: HeldContents) -> str:
        """Compare with what is there; return the first difference, empty if there is none."""
        found = frozenset(held.marks)
        if len(found) > 1:
            return f"its database, filestore and checkout are of different moments: {held.marks}"
        if self.contended:
            return ""
        if self.now is not None and not found <= self.now:
            return f"it holds {sorted(found)}, and may hold {sorted(self.now)}"
        if lost := self.sure - held.snapshots.keys():
            return f"snapshots {sorted(lost)} are lost"
        if surplus := held.named - self.kept.keys():
            return f"snapshots {sorted(surplus)} were never asked for, or were deleted"
        return ""

    def settle(self, held: HeldContents) -> None:
        """Begin a round with what is there; automatic snapshots may be removed by themselves."""
        self.now = frozenset(held.marks) or TEMPLATES
        self.kept = {name: marks for name, marks in self.kept.items() if name in held.snapshots}
        self.kept |= dict.fromkeys(held.named - self.kept.keys())
        self.sure, self.contended = held.named, False

    def _made(self, end: Ended, before: set[str], source: "ExpectedContents | None") -> None:
        """Learn of a creation, which does nothing where the environment exists."""
        begun = end.status == "ok" or end.cut_off
        if not begun or not before & {ABSENT, FAILED}:
            return
        marks = source.now if source else TEMPLATES
        self.contended = self.contended or (source is not None and source.contended)
        self.sure.clear()
        self.now = marks if before == {ABSENT} else either(self.now, marks)

    def _deleted(self, end: Ended) -> None:
        self.sure.clear()
        if end.status == "ok":
            self.kept.clear()
            self.now = TEMPLATES

    def _taken(self, snapshot: str, end: Ended) -> None:
        if snapshot and end.status == "ok":
            self.sure.add(snapshot)
        if snapshot and (end.status == "ok" or end.cut_off):
            self.kept[snapshot] = None if self.contended else self.now

    def _untaken(self, snapshot: str, end: Ended) -> None:
        self.sure.discard(snapshot)
        if end.status == "ok":
            self._forget(snapshot)

    def _gone_back(self, snapshot: str, end: Ended) -> None:
        target = self.kept.get(snapshot)
        if end.status == "ok":
            self.now = target
        elif end.status != "cancelled":
            self.now = either(self.now, target)

    def _missed(self, snapshot: str) -> str:
        lost = snapshot in self.sure and not self.contended
        self._forget(snapshot)
        return f"snapshot {snapshot} is not found, but it must be there" if lost else ""

    def _forget(self, snapshot: str) -> None:
        self.kept.pop(snapshot, None)
        self.sure.discard(snapshot)


def either(one: Marks, other: Marks) -> Marks:
    """Return the marks of both; any, if those of one are unknown."""
    return None if one is None or other is None else one | other
