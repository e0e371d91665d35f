"""What a call holds while it works: the keys of locks, and how several are taken at once.

A key names what is touched, never the code that touches it, so that every operation on one
environment excludes every other, whichever folder its handler is in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, order=True)
class LockKey:
    """The name of one lock; keys sort in the one order in which several are taken.

    Attributes:
        kind: what is locked, in the singular, such as `environment`.
        team: the team that it belongs to; empty for the whole server.
        name: its name or id; empty where a team has one.
    """

    kind: str
    team: str = ""
    name: str = ""

    @classmethod
    def environment(cls, team: str, name: str) -> "LockKey":
        """Return the key of an environment, also before it has a row."""
        return cls("environment", team, name)

    @classmethod
    def template(cls, team: str, name: str) -> "LockKey":
        """Return the key of a template."""
        return cls("template", team, name)

    @classmethod
    def extra_repo(cls, team: str, name: str) -> "LockKey":
        """Return the key of an extra repo and of its checkouts."""
        return cls("extra_repo", team, name)

    @classmethod
    def grant(cls, team: str, name: str) -> "LockKey":
        """Return the key of a grant."""
        return cls("grant", team, name)

    @classmethod
    def job(cls, job: str) -> "LockKey":
        """Return the key whose holder is the process that runs the job."""
        return cls("job", name=job)

    @classmethod
    def credentials(cls, team: str) -> "LockKey":
        """Return the key of a team's file of git credentials."""
        return cls("credentials", team)

    @classmethod
    def python_packages(cls, team: str, folder: str) -> "LockKey":
        """Return the key of one folder of installed Python packages."""
        return cls("python_packages", team, folder)

    @classmethod
    def infrastructure(cls) -> "LockKey":
        """Return the key of networks, firewall rules and the database server."""
        return cls("infrastructure")

    def __str__(self) -> str:
        """Write the key as `kind/team/name`."""
        return f"{self.kind}/{self.team}/{self.name}"


class Held(Protocol):
    """A lock that this process holds; the end of the process releases it too."""

    def release(self) -> None:
        """Release the lock; a second call does nothing."""


class Locks(Protocol):
    """Locks that exclude other processes and end with their holder."""

    def acquire(self, key: LockKey, holder: str) -> Held:
        """Take `key` now, or raise `Busy` with its holder and age."""

    def is_free(self, key: LockKey) -> bool:
        """Whether `key` has no holder at this moment."""


@dataclass(frozen=True, slots=True)
class HeldLocks:
    """Several locks that are released together."""

    held: tuple[Held, ...]

    def release(self) -> None:
        """Release every lock; a second call does nothing."""
        for lock in reversed(self.held):
            lock.release()


def acquire_all(locks: Locks, keys: Iterable[LockKey], holder: str) -> HeldLocks:
    """Take every key at once, or none.

    All callers take keys in the same order; besides, nobody waits here, so two calls that want
    the same two keys cannot wait for each other.

    Raises:
        Busy: one of them is held; those taken before it are released.
    """
    held: list[Held] = []
    try:
        for key in sorted(set(keys)):
            held.append(locks.acquire(key, holder))  # noqa: PERF401 - released when one fails
    except BaseException:
        HeldLocks(tuple(held)).release()
        raise
    return HeldLocks(tuple(held))
