"""Move the volumes and folders of teams into their pools, one team after the other."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.pool.file_notes import FileNotes
from oduflow.adapters.pool.pool import Pool
from oduflow.adapters.pool.pools import Pools
from oduflow.adapters.pool.transfer import CopyDiffers, Transfer
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.container import VolumeFacts
from oduflow.domain.counting import binary_size, counted
from oduflow.domain.environment import MOVING, UNFINISHED, Environment
from oduflow.domain.errors import Busy, Conflict, Failure, UpstreamFailed
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.domain.template import SETTLED
from oduflow.files.private import make_folder
from oduflow.files.usage import size_of_copies, size_on_disk
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.locks import LockKey
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import stop_container
from oduflow.services.environments.start import start
from oduflow.services.environments.warm.remove import give_up_all, in_use
from oduflow.services.groups import StoreGroup, WorkGroup
from oduflow.services.move_journal import Move, MovedVolume, load_move
from oduflow.services.room import require_room_in_pool, room_left
from oduflow.services.storage.outside import outside_pool
from oduflow.services.storage.settle import SERVING, hold_team, settle, switch
from oduflow.services.storage.team_files import copy_files, files_outside, switch_files
from oduflow.services.temporary import living

HOLDER = "oduflow storage move"
STOP_SECONDS = 10
SLOT_SECONDS = 60.0  # for a warm slot that is being made
_REPORT_SECONDS = 2.0
_LOOK_SECONDS = 0.2  # in which a disk is not filled that had 512 MiB left

Progress = Callable[[str], None]


def move_into_pool(deps: Deps, team: str | None, on_progress: Progress) -> int:
    """Move the volumes of a team, or of all, that the pool does not hold; return how many.

    Each team's environments and PostgreSQL stand still while what has changed is copied. The move
    of a team that fails, is interrupted or killed leaves each volume whole, in one place or the
    other; called again, it moves the others.

    Raises:
        Conflict: there is no pool.
        NoRoom: the pool has no room for a team's volumes; nothing of that team was changed.
        Failure: a team could not be moved; the teams before it are.
    """
    deps.infrastructure.ensure()
    moved, teams = 0, [team] if team else list(deps.settings.teams)
    for each in teams:
        pool = deps.infrastructure.pools.of(each)
        if not pool.takes_new:
            state = pool.state()
            raise Conflict(f"There is no pool to move into: {state.text}", state.hint)
        moved += _move_team(deps, each, on_progress)
    if deps.infrastructure.give_up_shared_pool():
        on_progress("the pool that all teams shared is empty, and removed")
    return moved


def _move_team(deps: Deps, team: str, on_progress: Progress) -> int:
    with (
        deps.work.locks.acquire(LockKey.storage(team), HOLDER),
        _held(deps.naming, deps.store, deps.work, team),
    ):
        begun = load_move(deps.store.facts, team)
        if begun is not None:  # of a process that was killed
            settle(deps, begun)
        _give_up_slots(deps, team)
        pools, volumes = deps.infrastructure.pools, deps.engine.volumes
        outside = outside_pool(deps.naming, volumes, pools, team).get(team, ())
        files = files_outside(pools, team)
        if not outside and files is None:
            on_progress(f"{team}: everything is in the pool")
            return 0
        _refuse_unfinished(deps.naming, deps.store, team)
        work = _TeamMove(deps, team, outside, files, on_progress)
        work.refuse_without_room()
        work.run()
    for row in deps.store.environments.list(team):
        if row.step == SERVING:
            _start(deps, row, on_progress)
    return len(outside)


@contextmanager
def _held(naming: Naming, store: StoreGroup, work: WorkGroup, team: str) -> Iterator[None]:
    locks = hold_team(naming, store, work.locks, team, HOLDER)
    try:
        yield
    finally:
        locks.release()


def _give_up_slots(deps: Deps, team: str) -> None:
    give_up_all(deps, team, wait=SLOT_SECONDS)
    if any(in_use(deps, slot) for slot in deps.store.warm_slots.of(team)):
        raise Busy(
            f"A warm slot of team {team} uses volumes, and could not be removed.",
            "Call again in a minute; a running server removes it.",
        )


def _refuse_unfinished(naming: Naming, store: StoreGroup, team: str) -> None:
    rows, templates = store.environments.list(team), store.templates.list(team)
    unfinished = [row.name for row in rows if row.state in UNFINISHED or row.step]
    unfinished += [row.name for row in templates if row.state not in SETTLED]
    # Such as a download, which would be cut off; it begins only while no move goes on.
    unfinished += [f"scratch/{each.name}" for each in living(naming.team_scratch(team))]
    if unfinished:
        raise Busy(
            f"Work on {', '.join(unfinished)} of team {team} is not finished.",
            "Wait until it is, and call again; a running server finishes what was interrupted.",
        )


@dataclass(frozen=True, slots=True)
class _TeamMove:
    """The move of one team, whose locks the caller holds."""

    deps: Deps
    team: str
    outside: tuple[VolumeFacts, ...]
    files: Path | None
    on_progress: Progress

    @property
    def pool(self) -> Pool:
        """The team's pool."""
        return self._pools.of(self.team)

    @property
    def _pools(self) -> Pools:
        return self.deps.infrastructure.pools

    def refuse_without_room(self) -> None:
        """Refuse a move whose copies would not fit into the pool.

        Raises:
            NoRoom: they do not fit; the message has the numbers.
        """
        needed = size_of_copies(each.mountpoint for each in self.outside)
        needed += size_on_disk(self.files) if self.files else 0
        require_room_in_pool(self.deps, self.team, f"Moving the files of team {self.team}", needed)

    def run(self) -> None:
        """Copy, stop, copy the rest, and switch; settle it then, also after a failure."""
        try:
            self._run()
        except BaseException:
            for facts in self.outside:
                self.pool.remove_draft(facts.name)
            raise

    def _run(self) -> None:
        with closing(FileNotes(make_folder(self.deps.naming.scratch))) as notes:
            self._copy_all(notes)

    def _copy_all(self, notes: FileNotes) -> None:
        copies = {each.name: self._copy_of(each, notes) for each in self.outside}
        for facts in self.outside:  # what no tenant can write is copied before anything stops
            if self._kind(facts) != "environment":
                self._tell(facts, "copying")
                with _copying(f"Volume {facts.name}"):
                    copies[facts.name].approach()
        move = Move(
            self.team,
            tuple(MovedVolume(each.name, dict(each.labels)) for each in self.outside),
            self._environments(),
        )
        move.save(self.deps.store.facts)
        notes.forget_copies()  # a file may have been removed since, and another may have its inode
        try:
            self._stop(move)
            for facts in self.outside:
                self._tell(facts, "copying what has changed, and comparing")
                with _copying(f"Volume {facts.name}"):
                    copies[facts.name].finish()
            for volume in move.volumes:
                switch(self.deps, move.team, volume)
            if self.files is not None:
                self.on_progress(f"{self.team}: copying checkouts, uploads and Python packages")
                stop_when_full = self._stop_when_full()
                with _copying("The team's folder"):
                    copy_files(self._pools, self.team, lambda _size: stop_when_full())
                switch_files(self._pools, self.team, self.deps.work.failpoints.reach)
        finally:
            settle(self.deps, move)
        for facts in self.outside:
            self._tell(facts, "is in the pool")

    def _environments(self) -> dict[str, bool]:
        found = {}
        for row in self.deps.store.environments.list(self.team):
            plan = EnvironmentPlan.of(self.deps.naming, row)
            facts = self.deps.engine.containers.facts(plan.container)
            if facts is not None:
                found[row.id] = facts.status == "running"
        return found

    def _stop(self, move: Move) -> None:
        """Remove the containers that use the volumes; their rows say that they come back."""
        self.on_progress(f"{self.team}: stopping {counted(len(move.environments), 'environment')}")
        for id_ in move.environments:
            row = self.deps.store.environments.update(id_, step=MOVING, job="")
            plan = EnvironmentPlan.of(self.deps.naming, row)
            stop_container(self.deps.engine.containers, plan, timeout=STOP_SECONDS)
            self.deps.engine.containers.remove(plan.container)
        database = self.deps.infrastructure.databases.servers[self.team]
        if database.running() is not None:
            database.stop()
        self.deps.engine.containers.remove(database.name)
        self.deps.work.failpoints.reach("move.stopped.after")

    def _copy_of(self, facts: VolumeFacts, notes: FileNotes) -> Transfer:
        pool, total = self.pool, size_on_disk(facts.mountpoint)
        pool.remove(facts.name)
        make_folder(pool.draft(""))
        draft, copied, told = pool.draft(facts.name), 0, time.monotonic()
        stop_when_full = self._stop_when_full()

        def count(size: int) -> None:
            nonlocal copied, told
            copied += size
            stop_when_full()
            if time.monotonic() - told >= _REPORT_SECONDS:
                told = time.monotonic()
                self._tell(facts, f"{binary_size(copied)} of {binary_size(total)} copied")

        return Transfer(facts.mountpoint, draft, notes, count)

    def _stop_when_full(self) -> Callable[[], None]:
        """Return a function that raises when the pool is full, and looks only now and then.

        It is called for each of millions of files.
        """
        looked = -_LOOK_SECONDS

        def look() -> None:
            nonlocal looked
            if time.monotonic() - looked >= _LOOK_SECONDS:
                room_left(self.deps, self.pool.folder)
                looked = time.monotonic()

        return look

    def _kind(self, facts: VolumeFacts) -> str:
        return self.deps.naming.own_labels(facts.labels)["kind"]

    def _tell(self, facts: VolumeFacts, line: str) -> None:
        self.on_progress(f"{self.team}: {facts.name} {line}")


@contextmanager
def _copying(what: str) -> Iterator[None]:
    """Translate the errors of copying a volume or a folder.

    Raises:
        UpstreamFailed: it cannot be copied, or the copy is not as the original.
    """
    try:
        yield
    except CopyDiffers as cause:
        raise UpstreamFailed(
            f"{what} and its copy differ: {cause}.",
            "It is used as before. Look whether another program writes to it; call again.",
        ) from cause
    except OSError as cause:
        raise UpstreamFailed(
            f"{what} cannot be copied: {cause.strerror or cause}"
            f"{f' ({Path(cause.filename).name})' if cause.filename else ''}.",
            "It is used as before.",
        ) from cause


def _start(deps: Deps, row: Environment, on_progress: Progress) -> None:
    """Start an environment that ran; one that does not serve is failed, with the reason."""
    on_progress(f"{row.team}: starting {row.name}")
    call = Call(Actor(row.team, ActorKind.CLI, HOLDER), Origin("cli"))
    try:
        with deps.work.locks.acquire(LockKey.environment(row.team, row.name), HOLDER):
            start(deps, call, row)
    except Busy:
        return  # the server starts it just now
    except Failure as failure:
        on_progress(f"{row.team}: {row.name} does not serve: {failure.message}")
