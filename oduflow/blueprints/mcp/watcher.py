"""Tells the followers of resources what has changed: one look at the store a second for all."""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from oduflow.blueprints.mcp.calls import Calls
from oduflow.domain.access import Actor
from oduflow.domain.errors import Failure, Forbidden, NotFound, Unauthenticated
from oduflow.kernel.changes import ENVIRONMENTS, LISTED, ChangedThing, ChangeFeed, touches
from oduflow.kernel.operation import Operation

LOOK_SECONDS = 1.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Followed:
    """A resource that is followed.

    Attributes:
        place: the first part of its path, such as `environments`.
        name: the name in its path; None for a list.
    """

    operation: Operation
    raw: dict[str, Any]
    place: str
    name: str | None


@dataclass(eq=False, slots=True)
class Follower:
    """A caller that follows resources.

    Attributes:
        tell: called in the event loop with the URIs that changed; must not block.
        uris: what is followed, by URI.
        list_changed: called when a resource came or went, if the caller follows that, too.
    """

    actor: Actor
    tell: Callable[[Collection[str]], None]
    uris: dict[str, Followed] = field(default_factory=dict)
    list_changed: Callable[[], None] | None = None


class Watcher:
    """Follows the changes of teams while they have followers; belongs to one event loop."""

    def __init__(self, calls: Calls) -> None:
        runner = calls.runner
        self._calls = calls
        self._feed = ChangeFeed(
            runner.registry, runner.audit, runner.jobs.store, runner.environment_id
        )
        self._followers: set[Follower] = set()
        self._task: asyncio.Task[None] | None = None

    def of_team(self, team: str) -> int:
        """Return how many resources the team's callers follow."""
        return sum(len(each.uris) for each in self._followers if each.actor.team == team)

    def of_actor(self, actor: Actor) -> int:
        """Return how many resources the clients of one caller follow."""
        own = (actor.team, actor.kind, actor.subject)
        return sum(
            len(each.uris)
            for each in self._followers
            if (each.actor.team, each.actor.kind, each.actor.subject) == own
        )

    async def add(self, follower: Follower) -> None:
        """Tell a follower of every change from now on.

        Raises:
            Failure: the store cannot be read.
        """
        self._followers.add(follower)  # first, so that no other end of the team ends its feed
        try:
            await self._calls.work(lambda: self._feed.begin(follower.actor.team))
        except BaseException:
            self.remove(follower)
            raise
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def remove(self, follower: Follower) -> None:
        """Tell a follower nothing more; a second call does nothing."""
        self._followers.discard(follower)

    async def _run(self) -> None:
        """Look once a second until there is no follower; no defect ends that."""
        while self._followers:
            await asyncio.sleep(LOOK_SECONDS)
            followers = tuple(self._followers)
            try:
                told = await self._calls.work(lambda: self._look(followers))  # noqa: B023 - it is awaited
            except Failure as failure:  # of the store: the next look finds the same changes
                log.warning("the changes cannot be read: %s", failure.message)
                told = []
            except Exception:
                log.exception("the changes cannot be read")
                told = []
            for follower, uris, listed in told:
                if follower in self._followers:
                    _tell(follower, uris, listed=listed)
            for team in self._feed.teams - {each.actor.team for each in self._followers}:
                self._feed.end(team)

    def _look(self, followers: Collection[Follower]) -> list[tuple[Follower, list[str], bool]]:
        """Return what each follower is to be told. Runs in a thread: it reads the store."""
        changed, told = self._feed.look(), []
        for follower in followers:
            changes = changed.get(follower.actor.team, frozenset())
            uris = [uri for uri in list(follower.uris) if self._concerns(follower, uri, changes)]
            if uris or LISTED in changes:
                told.append((follower, uris, LISTED in changes))
        return told

    def _concerns(self, follower: Follower, uri: str, changes: Collection[ChangedThing]) -> bool:
        """Return whether a follower is to be told of a resource.

        A caller that is restricted to some environments is told nothing of others, not even that a
        list of them changed. The end of an environment is told; another one of its name is not.
        """
        followed = follower.uris.get(uri)
        if followed is None:
            return False
        heard = (each for each in changes if _may_hear(follower.actor, followed, each))
        if not touches(heard, followed.place, followed.name):
            return False
        try:
            self._calls.runner.check(followed.operation.name, followed.raw, follower.actor)
        except (Forbidden, NotFound, Unauthenticated):
            if follower.actor.environments is not None:
                follower.uris.pop(uri, None)
        except Failure as failure:  # it may be read later: the follower is told, and goes on
            log.info("%s cannot be checked: %s", uri, failure.message)
        except Exception:  # of this one alone
            log.exception("%s cannot be checked", uri)
        return True


def _may_hear(actor: Actor, followed: Followed, change: ChangedThing) -> bool:
    """Return whether a change is about what an actor may access, or ends what it follows."""
    is_itself = change.place == followed.place == ENVIRONMENTS and change.name == followed.name
    return actor.can_access(change.environment) or (is_itself and change.name is not None)


def _tell(follower: Follower, uris: Collection[str], *, listed: bool) -> None:
    try:
        if uris:
            follower.tell(uris)
        if listed and follower.list_changed is not None:
            follower.list_changed()
    except Exception:  # of this one alone
        log.exception("a follower cannot be told")
