"""Bring a move into the pool to its end or back, from whichever step it stopped at."""

import logging
import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial

from oduflow.adapters.docker.facts import bound_options
from oduflow.adapters.locks import FileLocks
from oduflow.adapters.pool.transfer import synchronise
from oduflow.domain.container import VolumeFacts
from oduflow.domain.environment import MOVING, Environment
from oduflow.domain.errors import Busy, Failure, UpstreamFailed
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.files.private import make_folder
from oduflow.kernel.locks import Held, HeldLocks, LockKey, acquire_all
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import create_container
from oduflow.services.environments.failed import mark_failed
from oduflow.services.groups import StoreGroup
from oduflow.services.move_journal import Move, MovedVolume, load_move
from oduflow.services.recoverable import RECONCILER, Recoverable, Unsettled, of_one_team
from oduflow.services.storage.team_files import settle_files

log = logging.getLogger(__name__)

SERVING = "serving"  # the step of a row whose environment is started next


def hold_team(
    naming: Naming, store: StoreGroup, locks: FileLocks, team: str, holder: str
) -> HeldLocks:
    """Lock everything of a team that uses a volume or the team's folder.

    What is made anew needs a row, which `holding_off_moves` refuses meanwhile.

    Raises:
        Busy: a call works on one of them.
    """
    rows, templates = store.environments.list(team), store.templates.list(team)
    packages = naming.team_folder(team) / "python"
    keys = [
        LockKey.database(team),
        LockKey.credentials(team),
        LockKey.downloads(team),
        *(
            LockKey.python_packages(team, each.name)
            for each in (packages.iterdir() if packages.is_dir() else ())
        ),
        *(LockKey.upload(team, row.name) for row in store.uploads.list(team)),
        *(LockKey.extra_repo(team, row.name) for row in store.extra_repos.list(team)),
        *(LockKey.environment(team, row.name) for row in rows),
        *(LockKey.template(team, row.base_name) for row in templates),
    ]
    return acquire_all(locks, keys, holder)


def settle(deps: Deps, move: Move) -> None:
    """Finish each volume whose files have moved, take back the others, and start what ran.

    The caller holds the team's locks. It may be repeated after a kill at any point.

    Raises:
        Failure: the pool is not mounted, or the team's PostgreSQL does not start; the former
            volumes and folder are kept.
    """
    deps.infrastructure.pools.of(move.team).require_mounted()
    settle_files(deps.infrastructure.pools, move.team)
    for volume in move.volumes:
        _settle_volume(deps, move.team, volume)
    for id_, running in move.environments.items():
        row = deps.store.environments.by_id(id_)
        if row is not None and row.step == MOVING:
            _bring_back(deps, row, running=running)
    clusters = deps.naming.database_volume(move.team)
    databases, reach = deps.infrastructure.databases, deps.work.failpoints.reach
    reach("move.started.before")
    if any(move.environments.values()) or any(each.name == clusters for each in move.volumes):
        server = databases.servers[move.team]
        server.ensure(databases.subnet(move.team), lambda _line: None)
    for volume in move.volumes:
        deps.engine.volumes.remove(volume.former)
    reach("move.started.after")
    move.remove(deps.store.facts)


def switch(deps: Deps, team: str, volume: MovedVolume) -> None:
    """Exchange a volume for its complete draft in the pool; nothing may use it."""
    volumes, pools = deps.engine.volumes, deps.infrastructure.pools
    pool, current = pools.of(team), volumes.mountpoint(volume.name)
    reach, path = deps.work.failpoints.reach, pool.path(volume.name)
    options = {}
    if pools.shared.holds(current):  # a rename does not lead out of its file system
        options = bound_options(make_folder(pools.shared.path(volume.former)))
    labels = _former_labels(deps.naming, volume)
    former = volumes.ensure(volume.former, labels=labels, options=options).mountpoint
    pool.take_draft(volume.name)
    synchronise(path)
    reach("move.named.after")
    os.rename(current, former)  # noqa: PTH104 - onto an empty folder
    synchronise(former)
    reach("move.renamed.after")
    _settle_volume(deps, team, volume)


def _settle_volume(deps: Deps, team: str, volume: MovedVolume) -> None:
    volumes, pool = deps.engine.volumes, deps.infrastructure.pools.of(team)
    facts, path = volumes.facts(volume.name), pool.path(volume.name)
    if facts is not None and pool.holds(facts.mountpoint):
        return  # it is moved, however data_dir was spelled then: these are the only files
    renamed = _has_files(volumes.facts(volume.former))
    if _has_files(facts):
        if renamed:
            raise UpstreamFailed(
                f"Volumes {volume.name} and {volume.former} both have files.",
                f"Look which are the newest, and remove the other volume: `docker volume rm "
                f"{volume.former}` keeps what is used now.",
            )
        pool.remove(volume.name)  # the copy, which nothing has used
        volumes.remove(volume.former)
        return
    if not path.is_dir():
        if facts is not None and facts.mountpoint.is_dir() and not renamed:
            return  # it was empty before
        if facts is None and _is_deleted(deps.naming, deps.store, volume):
            volumes.remove(volume.former)
            return
        raise UpstreamFailed(
            f"Volume {volume.name} has no files, and no copy in the pool.",
            f"Volume {volume.former} may have them: `docker volume ls` shows it.",
        )
    volumes.release(volume.name)
    deps.work.failpoints.reach("move.released.after")
    volumes.ensure(volume.name, labels=volume.labels)


def _has_files(facts: VolumeFacts | None) -> bool:
    return facts is not None and facts.mountpoint.is_dir() and any(facts.mountpoint.iterdir())


def _is_deleted(naming: Naming, store: StoreGroup, volume: MovedVolume) -> bool:
    """Whether the environment or the template of a volume was deleted since the move began."""
    own = naming.own_labels(volume.labels)
    if own["kind"] == "environment":
        return store.environments.by_id(own["id"]) is None
    return own["kind"] == "template" and store.templates.by_id(own["id"]) is None


def _former_labels(naming: Naming, volume: MovedVolume) -> dict[str, str]:
    team = naming.own_labels(volume.labels).get("team", "")
    return naming.labels("former", team=team)


def _bring_back(deps: Deps, row: Environment, *, running: bool) -> None:
    """Create an environment's container again; its row's step says whether to start it."""
    environments = deps.store.environments
    try:
        create_container(deps, EnvironmentPlan.of(deps.naming, row), row)
    except Failure as failure:  # such as an image that was removed meanwhile
        log.warning("%s/%s has no container: %s", row.team, row.name, failure.message)
        mark_failed(deps.store.environments, deps.work.outputs, row, failure)
    else:
        environments.update(row.id, step=SERVING if running else "", job="")


@dataclass(frozen=True, slots=True)
class MoveRecovery(Recoverable):
    """Settles a move whose process was killed, before the environments, which need the volumes."""

    deps: Deps

    def unsettled(self, *, revive: AbstractSet[str]) -> Iterator[Unsettled]:  # noqa: ARG002
        """Find the teams with a move that has begun, or with drafts of one that had not yet."""
        for team in self.deps.settings.teams:
            if load_move(self.deps.store.facts, team) is not None or self._has_drafts(team):
                yield Unsettled(LockKey.storage(team), partial(self._settle, team))

    def _settle(self, team: str, _held: Held) -> bool:
        move = load_move(self.deps.store.facts, team)
        if move is None:
            for name in self._drafts(team):
                self.deps.infrastructure.pools.of(team).remove_draft(name)
            return False
        try:
            held = hold_team(
                *(self.deps.naming, self.deps.store, self.deps.work.locks, team, RECONCILER)
            )
        except Busy:
            return False  # the next round tries again
        try:
            settle(self.deps, move)
        finally:
            held.release()
        return False

    def _has_drafts(self, team: str) -> bool:
        found: tuple[str, ...] = ()
        with of_one_team(team, "drafts"):
            found = self._drafts(team)
        return bool(found)

    def _drafts(self, team: str) -> tuple[str, ...]:
        """List the drafts of a team's volumes."""
        naming, volumes = self.deps.naming, self.deps.engine.volumes
        drafts = self.deps.infrastructure.pools.of(team).drafts()
        found = {name: volumes.facts(name) for name in drafts}
        return tuple(
            name
            for name, facts in found.items()
            if facts is not None and naming.own_labels(facts.labels).get("team") == team
        )
