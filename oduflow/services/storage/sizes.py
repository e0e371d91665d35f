"""Measure what environments, snapshots, templates and teams take on disk, in the background.

Callers read the last measurement from the store: walking the files of a team takes seconds, or an
hour where the team has made millions, so each team is measured in a thread of its own.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from oduflow.adapters.filestore.layers import Layers
from oduflow.adapters.pool.pools import Pools
from oduflow.domain.clock import now
from oduflow.domain.container import VolumeFacts
from oduflow.domain.errors import Failure
from oduflow.domain.plan import EnvironmentPlan, Naming, SnapshotPlan, TemplatePlan
from oduflow.domain.storage import WHOLE_TEAM
from oduflow.files.extents import BlockUse, Memory, distinct_bytes
from oduflow.files.reflink import has_reflinks
from oduflow.services.groups import StoreGroup
from oduflow.services.server.infrastructure import Infrastructure

AFTER = timedelta(minutes=10)  # how old a measurement may be
LOOK_SECONDS = 20.0  # between two looks whether something is new
TEAM_SECONDS = 300.0  # how long the first measurement of a team may take
MOST_SECONDS = 3600.0  # how long one may take after others took too long
PAUSE_SECONDS = 0.01  # for every few hundred files, so that it takes a part of one processor only

log = logging.getLogger(__name__)


class TookTooLong(Exception):
    """A team's files could not be measured in time."""


@dataclass(slots=True)
class SizeMeter:
    """Measures the teams whose measurement is old or lacks something.

    Attributes:
        pause: called with seconds, every few hundred files; with more while several are measured.
    """

    naming: Naming
    infrastructure: Infrastructure
    rows: StoreGroup
    pause: Callable[[float], object] = time.sleep
    _failed: dict[str, float] = field(default_factory=dict, init=False)
    _allowed: dict[str, float] = field(default_factory=dict, init=False)
    _measured: dict[str, threading.Thread] = field(default_factory=dict, init=False)

    def run(self, stop: threading.Event) -> None:
        """Measure until the event is set."""
        while not stop.wait(LOOK_SECONDS):
            for team in sorted(self.infrastructure.teams()):
                self.begin(team)

    def begin(self, team: str) -> None:
        """Look at a team in a thread of its own, unless one does already."""
        self._measured = {of: thread for of, thread in self._measured.items() if thread.is_alive()}
        if team not in self._measured:
            thread = threading.Thread(
                target=self._look, args=(team,), name=f"sizes-{team}", daemon=True
            )
            self._measured[team] = thread
            thread.start()

    def _look(self, team: str) -> None:
        if time.monotonic() < self._failed.get(team, 0):
            return
        try:
            if self.due(team):
                self.measure(team)
        except TookTooLong:
            allowed = self._seconds(team)
            log.warning("the files of team %s could not be measured in %g s", team, allowed)
            # What the team was about to write is counted until a measurement succeeds.
            self._allowed[team] = min(2 * allowed, MOST_SECONDS)
        except Failure as failure:
            log.info("the files of team %s are not measured: %s", team, failure.message)
        except OSError as error:
            log.warning("the files of team %s could not be measured: %s", team, error)
        except Exception:
            log.exception("the files of team %s could not be measured", team)
        else:
            return
        self._failed[team] = time.monotonic() + AFTER.total_seconds()

    def due(self, team: str) -> bool:
        """Whether the last measurement is old, or something was made or removed since."""
        measured = self.rows.sizes.of(team)
        whole = measured.get(WHOLE_TEAM)
        if whole is None or now() - whole.measured_at > AFTER:
            return self.infrastructure.databases.servers[team].running() is not None
        return self._ids(team) != measured.keys() - {WHOLE_TEAM}

    def _ids(self, team: str) -> set[str]:
        rows = self.rows
        return (
            {row.id for row in rows.environments.list(team)}
            | {row.id for row in rows.snapshots.of_team(team)}
            | {row.id for row in rows.templates.list(team)}
            | {row.id for row in rows.warm_slots.of(team)}
        )

    def measure(self, team: str) -> None:
        """Measure everything of a team.

        Raises:
            TookTooLong: it would take minutes.
            Failure: the team's PostgreSQL does not say where its databases are.
        """
        server = self.infrastructure.databases.servers[team]
        if server.running() is None:  # then nothing changes much
            return
        folders = server.cluster.folders()
        base = self.infrastructure.databases.volumes.mountpoint(server.volume) / "cluster" / "base"
        pause = self._pauses(team)
        volumes = self._volumes(team)
        things: tuple[EnvironmentPlan | TemplatePlan, ...] = (
            *(EnvironmentPlan.of(self.naming, row) for row in self.rows.environments.list(team)),
            *(TemplatePlan.of(self.naming, row) for row in self.rows.templates.list(team)),
            *(
                EnvironmentPlan(self.naming, row.id, team, "")
                for row in self.rows.warm_slots.of(team)
            ),
        )
        parts = {
            plan.id: [
                *(each.mountpoint for each in volumes if self._owner(each) == plan.id),
                *([base / folders[plan.database]] if plan.database in folders else []),
                plan.folder.resolve(),
            ]
            for plan in things
        }
        parts |= self._snapshots(team, volumes, base, folders)
        known = frozenset(str(folder) for mine in parts.values() for folder in mine)
        rest = [each.mountpoint for each in volumes if str(each.mountpoint) not in known]
        rest.append(self.naming.team_folder(team).resolve())  # it may lead into the pool
        # Each leaves out what lies in its folders and is another one's, such as a snapshot's files.
        memory = Memory()
        uses = {
            id_: _use(mine, known.difference(map(str, mine)), pause, memory)
            for id_, mine in parts.items()
        }
        whole = _use(rest, known, pause, memory)
        every = [whole, *uses.values()]
        shared = distinct_bytes([use.shared for use in every], pause)
        filled = sum(use.own for use in every) + shared
        measured = {id_: (use.own, use.shared_bytes(pause)) for id_, use in uses.items()}
        self.rows.sizes.replace(team, {**measured, WHOLE_TEAM: (filled, 0)})

    def _snapshots(
        self,
        team: str,
        volumes: Sequence[VolumeFacts],
        base: Path,
        databases: Mapping[str, str],
    ) -> dict[str, list[Path]]:
        """Return the folders of the team's snapshots by id; the files lie within the layers."""
        roots = {each.name: each.mountpoint for each in volumes}
        layers = {
            row.id: roots.get(EnvironmentPlan.of(self.naming, row).layers)
            for row in self.rows.environments.list(team)
        }
        found: dict[str, list[Path]] = {}
        for row in self.rows.snapshots.of_team(team):
            database, root = SnapshotPlan(row.id).database, layers.get(row.environment)
            found[row.id] = [
                *([Layers(root).files_of(row.id)] if root else []),
                *([base / databases[database]] if database in databases else []),
            ]
        return found

    def _pauses(self, team: str) -> Callable[[], None]:
        """Return a function that pauses, and raises `TookTooLong` when the time is over.

        Several threads share the time of one: each pauses longer, and may take as much longer.
        """
        allowed, spent, last = self._seconds(team), 0.0, time.monotonic()

        def pause() -> None:
            nonlocal spent, last
            beside = max(1, len(self._measured))
            since, last = last, time.monotonic()
            spent += (last - since) / beside
            if spent > allowed:
                raise TookTooLong
            self.pause(PAUSE_SECONDS * beside)

        return pause

    def _seconds(self, team: str) -> float:
        return self._allowed.get(team, TEAM_SECONDS)

    def _volumes(self, team: str) -> tuple[VolumeFacts, ...]:
        """List the team's volumes of files; those that show another one's files are left out."""
        pools, volumes = self.infrastructure.pools, self.infrastructure.databases.volumes
        listed = volumes.list({self.naming.label("team"): team})
        return tuple(
            each
            for each in listed
            if each.kept_by_engine or each.mountpoint.resolve() in resolved(pools, each.name)
        )

    def _owner(self, facts: VolumeFacts) -> str:
        return self.naming.own_labels(facts.labels).get("id", "")


def resolved(pools: Pools, name: str) -> frozenset[Path]:
    """Return the folders that a volume has or could have, without symbolic links."""
    return frozenset(each.resolve() for each in pools.paths(name))


def _use(
    folders: Sequence[Path], skip: frozenset[str], pause: Callable[[], None], memory: Memory
) -> BlockUse:
    use = BlockUse(memory)
    for folder in folders:
        use.add(folder, skip=skip, reflinks=has_reflinks(folder), pause=pause)
    return use
