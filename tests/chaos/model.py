"""What must exist: for each environment, template and extra repo, the states that it may be in.

An operation that answered success is there; one that answered failure is undone; one that was cut
off is either. Two operations on one thing at once leave any whole state.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from threading import Lock

from tests.chaos.answers import ABSENT, FAILED, LOST, READY, RUNNING, STOPPED, Ended
from tests.chaos.contents import ExpectedContents, HeldContents


@dataclass
class ExpectedThing:
    """One name, and what may be there.

    Attributes:
        protected: None where it is not known.
        claimed: whether an operation that changes it runs.
        shaken: whether a fault or a second operation hit it, so that it may be in any whole state.
        lost: whether its container was removed.
        contents: what it and its snapshots hold, of an environment.
    """

    noun: str
    team: str
    name: str
    possible: set[str] = field(default_factory=lambda: {ABSENT})
    protected: bool | None = False
    claimed: bool = False
    shaken: bool = False
    lost: bool = False
    contents: ExpectedContents = field(default_factory=ExpectedContents)

    def __str__(self) -> str:
        return f"{self.noun} {self.team}/{self.name}"

    @property
    def whole(self) -> set[str]:
        return {ABSENT, RUNNING, STOPPED, FAILED} if self.noun == "environment" else {ABSENT, READY}

    @property
    def allowed(self) -> set[str]:
        allowed = self.whole if self.shaken else self.possible
        return allowed | {LOST} if self.lost else allowed

    def ended(
        self,
        operation: str,
        end: Ended,
        snapshot: str = "",
        source: "ExpectedThing | None" = None,
    ) -> str:
        """Learn from an operation's end; return what is wrong with it, if anything.

        Args:
            operation: its name.
            end: its answer.
            snapshot: the one that is made, deleted or gone back to.
            source: the environment that this one is made a copy of.
        """
        before = set(self.possible)
        if self.noun == "environment":
            kept = self.contents.ended(
                operation, end, before, snapshot, source.contents if source else None
            )
            if kept:
                return f"{operation} of {self}: {kept}"
        if end.lacks_snapshot:
            return ""
        if source is not None and end.kind == "not_found":
            return source.ended("copying", end)
        if end.status == "failed" and end.kind == "not_found" and operation != "create":
            self.possible = {ABSENT}
            missing = ABSENT not in before and not self.shaken
            return f"{operation} of {self}: not found, but it must be there" if missing else ""
        if end.refused:
            return ""
        after = _EFFECTS[self.noun, operation](before, end)
        self.possible = after & self.whole
        if operation == "delete" and end.status == "ok":
            self.protected = False
        return ""


def _create(before: set[str], end: Ended) -> set[str]:
    if end.status == "ok":
        made = {RUNNING} if before & {ABSENT, FAILED} else set()
        return (before - {ABSENT, FAILED}) | made
    if end.cut_off:
        return before | {ABSENT, RUNNING, FAILED}
    if before == {ABSENT} and end.status == "cancelled":
        return {ABSENT}
    return before | {ABSENT, FAILED} if before & {ABSENT, FAILED} else before


def _delete(before: set[str], end: Ended) -> set[str]:
    return {ABSENT} if end.status == "ok" else before | {ABSENT}


def _stop(before: set[str], end: Ended) -> set[str]:
    return {STOPPED} if end.status == "ok" else before | {STOPPED}


def _start(before: set[str], end: Ended) -> set[str]:
    if end.status == "ok":
        return {RUNNING}
    if end.status == "cancelled":
        return before | {STOPPED}
    return before | {FAILED} | ({RUNNING} if end.cut_off else set())


def _rebuild(before: set[str], end: Ended) -> set[str]:
    if end.status == "ok":
        return {RUNNING}
    return before | {FAILED} | ({RUNNING} if end.cut_off else set())


def _roll_back(before: set[str], end: Ended) -> set[str]:
    if end.status == "ok":
        return (before & {STOPPED}) | ({RUNNING} if before - {STOPPED} else set())
    if end.status == "cancelled":
        return before
    return before | {FAILED} | ({RUNNING} if end.cut_off else set())


def _unchanged(before: set[str], _end: Ended) -> set[str]:
    return before


def _make(before: set[str], end: Ended) -> set[str]:
    if end.status == "ok":
        return {READY}
    return before | {READY} if end.cut_off else before


_EFFECTS = {
    ("environment", "create"): _create,
    ("environment", "delete"): _delete,
    ("environment", "stop"): _stop,
    ("environment", "start"): _start,
    ("environment", "restart"): _start,
    ("environment", "rebuild"): _rebuild,
    ("environment", "protect"): _unchanged,
    ("environment", "copy"): _create,
    ("environment", "copying"): _unchanged,
    ("environment", "create_snapshot"): _unchanged,
    ("environment", "delete_snapshot"): _unchanged,
    ("environment", "rollback"): _roll_back,
    ("template", "create"): _make,
    ("template", "delete"): _delete,
    ("extra_repo", "create"): _make,
    ("extra_repo", "update"): _unchanged,
    ("extra_repo", "delete"): _delete,
}


class ExpectedState:
    """All things of a run."""

    def __init__(self, teams: Iterable[str]) -> None:
        self._guard, self._snapshots = Lock(), count(1)
        self.things = [
            ExpectedThing(noun, team, name)
            for team in teams
            for noun, name in (
                ("environment", "one"),
                ("environment", "two"),
                ("template", "small"),
                ("extra_repo", "shared"),
            )
        ]

    def of(self, noun: str, team: str) -> list[ExpectedThing]:
        return [each for each in self.things if (each.noun, each.team) == (noun, team)]

    def claim(self, wanted: Iterable[ExpectedThing]) -> ExpectedThing | None:
        """Take the first thing that no operation changes at this moment."""
        with self._guard:
            for each in wanted:
                if not each.claimed:
                    each.claimed = True
                    return each
        return None

    def new_snapshot(self) -> str:
        """Return a name that no snapshot of the run has had."""
        with self._guard:
            return f"kept-{next(self._snapshots)}"

    def settle(self, seen: dict[str, str], held: Mapping[str, HeldContents]) -> None:
        """Begin a round with what is there.

        Args:
            seen: the state by a thing's text.
            held: what the environments hold, by a thing's text.
        """
        for each in self.things:
            each.possible = {seen.get(str(each), ABSENT)}
            each.shaken = each.lost = each.claimed = False
            each.contents.settle(held.get(str(each), HeldContents()))
