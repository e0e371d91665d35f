"""Lock keys, and how a call takes several locks at once.

A key names the locked resource, never the code that uses it, so that two operations on one
environment exclude each other, whichever folder their handlers are in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, order=True)
class LockKey:
    """The name of one lock; keys sort in the one order in which several are taken.

    Attributes:
        kind: the kind of resource, in the singular, such as `environment`.
        team: the team that the resource belongs to; empty for one of the whole server.
        name: the resource's name or id; empty where a team has only one.
    """

    kind: str
    team: str = ""
    name: str = ""

    @classmethod
    def named(cls, noun: str, team: str, name: str) -> "LockKey":
        """Return the key of a team's thing of that name."""
        return cls(noun, team, name)

    @classmethod
    def environment(cls, team: str, name: str) -> "LockKey":
        """Return the key of an environment; valid before the environment has a row."""
        return cls("environment", team, name)

    @classmethod
    def template(cls, team: str, name: str) -> "LockKey":
        """Return the key of a template's name, held while one of its versions is made."""
        return cls("template", team, name)

    @classmethod
    def template_version(cls, team: str, template: str) -> "LockKey":
        """Return the key of one version, by its id: held to choose it, or to begin its deletion."""
        return cls("template_version", team, template)

    @classmethod
    def extra_repo(cls, team: str, name: str) -> "LockKey":
        """Return the key of an extra repo and of its checkouts."""
        return cls("extra_repo", team, name)

    @classmethod
    def upload(cls, team: str, name: str) -> "LockKey":
        """Return the key of an upload, held while a part is written and while it is imported."""
        return cls("upload", team, name)

    @classmethod
    def downloads(cls, team: str) -> "LockKey":
        """Return the key of a team's downloads, held while one reserves its room."""
        return cls("downloads", team)

    @classmethod
    def job(cls, job: str) -> "LockKey":
        """Return the key that the process that runs the job holds."""
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
    def database(cls, team: str) -> "LockKey":
        """Return the key of starting and stopping a team's PostgreSQL."""
        return cls("database", team)

    @classmethod
    def reading_copy(cls, team: str, environment: str) -> "LockKey":
        """Return the key of the copy that an environment, by its id, is compared with."""
        return cls("reading_copy", team, environment)

    @classmethod
    def warm_slot(cls, team: str, slot: str) -> "LockKey":
        """Return the key of a warm slot, by its id: held while it is made, claimed or removed."""
        return cls("warm_slot", team, slot)

    @classmethod
    def storage(cls, team: str) -> "LockKey":
        """Return the key of the place of a team's volumes.

        It has no team, so that it is settled although the team's database cannot be used.
        """
        return cls("storage", name=team)

    @classmethod
    def infrastructure(cls) -> "LockKey":
        """Return the key of networks and firewall rules."""
        return cls("infrastructure")

    @classmethod
    def pool(cls, team: str = "") -> "LockKey":
        """Return the key of making, mounting and removing a team's file system.

        Without a team it is the key of the pool of all teams, and of setting up the teams' file
        systems; it is taken before those of teams.
        """
        return cls("pool", name=team)

    @classmethod
    def isolation(cls) -> "LockKey":
        """Return the key of the canaries of an isolation check."""
        return cls("isolation")

    def __str__(self) -> str:
        """Write the key as `kind/team/name`."""
        return f"{self.kind}/{self.team}/{self.name}"


class Held(Protocol):
    """A lock that this process holds; released at the latest when the process ends."""

    def release(self) -> None:
        """Release the lock; a second call does nothing."""


class Locks(Protocol):
    """Locks across processes, released when their holder dies."""

    def acquire(self, key: LockKey, holder: str) -> Held:
        """Take `key` without waiting, or raise `Busy` with its holder and age."""

    def is_free(self, key: LockKey) -> bool:
        """Whether no process holds `key`."""


@dataclass(frozen=True, slots=True)
class HeldLocks:
    """Several locks that are released together."""

    held: tuple[Held, ...]

    def release(self) -> None:
        """Release every lock; a second call does nothing."""
        for lock in reversed(self.held):
            lock.release()


def acquire_all(locks: Locks, keys: Iterable[LockKey], holder: str) -> HeldLocks:
    """Take every key, or none.

    Keys are taken in sorted order and without waiting, so two calls that need the same two keys
    cannot block each other.

    Raises:
        Busy: a key is held; the keys taken before it are released.
    """
    held: list[Held] = []
    try:
        for key in sorted(set(keys)):
            held.append(locks.acquire(key, holder))  # noqa: PERF401 - released when one fails
    except BaseException:
        HeldLocks(tuple(held)).release()
        raise
    return HeldLocks(tuple(held))
