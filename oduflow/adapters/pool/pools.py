"""The pools of all teams: a file system for each, so that none can fill the disk of another.

The file system of a team is as large as its image, which the server lets grow up to the team's
limit. What the team's code writes, and what is written for it, lies there: the volumes, and the
team's folder with checkouts, Python packages, uploads and temporary files. The kernel refuses what
is beyond (ENOSPC), in whichever way it is written.

`images` knows which team was given an image and what became of it; `limits` what each may fill;
`making` makes and removes pools; `report` describes them.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oduflow.adapters.pool.image import ImageState
from oduflow.adapters.pool.images import TeamImages
from oduflow.adapters.pool.limits import TeamLimits
from oduflow.adapters.pool.pool import Pool
from oduflow.adapters.pool.space import PoolRules
from oduflow.domain.counting import binary_size
from oduflow.domain.errors import Failure, QuotaReached
from oduflow.domain.plan import Naming
from oduflow.files.private import make_folder, writing

TEAM_STEP = 1 << 30  # a team's first size, and by how much it grows: limits are in GiB

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pools:
    """`<data_dir>/pools`: an image for each team, mounted beside it.

    Before they are set up, and where they cannot be, all teams share one pool without limits:
    `<data_dir>/pool`, a folder on a file system with reflinks or an image of an earlier version.

    Attributes:
        naming: the instance's names.
        rules: returns the current `[storage]`.
        configured: returns how many bytes each configured team may fill, 0 for a share of the disk.
        logs: returns how many bytes the logs of containers may take on the disk.
        step: an image's first size in bytes, and by how much it grows.
    """

    naming: Naming
    rules: Callable[[], PoolRules]
    configured: Callable[[], Mapping[str, int]]
    logs: Callable[[], int] = lambda: 0
    step: int = TEAM_STEP
    _told: dict[str, str] = field(default_factory=dict, init=False, compare=False)

    @property
    def images(self) -> TeamImages:
        """The teams' images."""
        return TeamImages(self.naming.pools)

    @property
    def limits(self) -> TeamLimits:
        """What the teams may fill."""
        return TeamLimits(
            *(self.naming.data_dir, self.images, self.rules, self.configured, self.logs, self.step)
        )

    @property
    def limited(self) -> bool:
        """Whether each team has a file system of its own."""
        return self.images.begun

    @property
    def shared(self) -> Pool:
        """The pool without limits."""
        return Pool(
            self.naming.data_dir,
            self.naming.data_dir / "pool",
            self.rules,
            keeps=self.limits.keeps,
        )

    def of(self, team: str) -> Pool:
        """Return the pool in which new files of a team are made."""
        return self._own(team) if self.limited else self.shared

    def _own(self, team: str) -> Pool:
        limits = self.limits
        return Pool(
            self.naming.data_dir,
            self.images.folder / team,
            self.rules,
            step=self.step,
            own=True,
            most=lambda: limits.now(team),
            keeps=limits.keeps,
        )

    def begin(self) -> None:
        """Give every team a file system of its own from now on."""
        make_folder(self.images.folder)
        make_folder(self.images.marks)

    def teams(self) -> tuple[str, ...]:
        """List the teams that have or should have a file system of their own."""
        return tuple(sorted({*self.configured(), *self.images.made()})) if self.limited else ()

    def attach(self, team: str) -> None:
        """Mount a team's image, or make a new one; log why it cannot be."""
        self._attach(f"team {team}", lambda: self.add(team))

    def attach_shared(self) -> None:
        """Mount the image of all teams if there is one; log why it cannot be."""
        self._attach("all teams", self.shared.attach)

    def _attach(self, whose: str, mount: Callable[[], None]) -> None:
        try:
            mount()
        except (Failure, OSError) as failure:
            self._tell(whose, failure)
        else:
            self._tell(whose, None)

    def add(self, team: str) -> None:
        """Make a team's file system unless it exists, and mount it; nothing without limits.

        Raises:
            Failure: it cannot be made or mounted, or the one that the team had is gone.
        """
        if not self.limited:
            return
        pool = self._own(team)
        pool.image.refuse_lost()
        self.place(team)
        if pool.image.state is ImageState.NEVER_MADE:
            pool.make(lambda: self.refuse_new([team]))
        pool.attach()

    def place(self, team: str) -> None:
        """Make a team's folder, unless it exists: where there are limits, a link into its pool.

        The link leads nowhere while the file system is not mounted, so that nothing of the team is
        ever written beside it. A folder with files stays until `oduflow storage move`.
        """
        folder = self.naming.team_folder(team)
        if folder.is_symlink() or has_files(folder):
            return
        if not self.limited:
            make_folder(folder)
            return
        with writing():
            if folder.is_dir():
                folder.rmdir()
            folder.symlink_to(os.path.relpath(self._own(team).files, folder.parent))

    def refuse_new(self, teams: Sequence[str]) -> None:
        """Refuse to make images for which there is no room.

        Raises:
            Failure: the reason, and the next step.
        """
        self._own(teams[0]).refuse_setup(teams=len(teams))
        together = self.limits.together
        needed = self.images.size() + len(teams) * self.step
        if together and needed > together:
            raise QuotaReached(
                f"The pools of all teams need {binary_size(needed)} together, and may have "
                f"{binary_size(together)}.",
                "Raise [storage] pool_max_gb.",
            )

    def require(self, team: str) -> None:
        """Refuse work on files of a team whose file system is not there.

        Raises:
            UpstreamFailed: it is not; the message says what became of it.
        """
        if self.naming.team_folder(team).is_symlink():  # else they are not in it yet
            self._own(team).require_mounted()

    def require_folder(self, folder: Path) -> None:
        """Refuse work on a folder that is in a pool which is not there.

        Raises:
            UpstreamFailed: it is not; the message says what became of it.
        """
        pool = self.holding(folder)
        if pool is not None:
            pool.require_mounted()

    def keep(self, team: str) -> None:
        """Let a team's file system grow before it is full, as far as its team may."""
        pool = self._own(team)
        try:
            if pool.image.mounted:
                pool.space.keep()
        except (Failure, OSError) as failure:
            self._tell(f"team {team}", failure)

    def holding(self, folder: Path) -> Pool | None:
        """Return the pool that a folder lies in."""
        resolved, pools = folder.resolve(), self.images.folder.resolve()
        if self.limited and resolved != pools and resolved.is_relative_to(pools):
            return self._own(resolved.relative_to(pools).parts[0])
        return self.shared if self.shared.holds(folder) else None

    def paths(self, name: str) -> tuple[Path, ...]:
        """Return the folders that a volume has or could have."""
        return tuple(pool.path(name) for pool in self._all())

    def new(self, name: str, labels: Mapping[str, str]) -> Path | None:
        """Make the folder of a new volume; None where its team's volumes are not in a pool.

        Args:
            name: the volume's.
            labels: the volume's, which name its team.

        Raises:
            Failure: the team's file system is not there; elsewhere a volume would have no limit.
        """
        team = labels.get(self.naming.label("team"), "")
        pool = self.of(team)
        if pool.own:
            pool.require_mounted()
        return pool.new(name)

    def remove(self, name: str, folder: Path | None) -> None:
        """Remove a volume's folder and draft with their files; a missing one is no error.

        Args:
            name: the volume's.
            folder: where the volume's files are; None if the volume is gone already. Then the
                pools that are mounted are searched; in another one its folder is a leftover.

        Raises:
            UpstreamFailed: the files cannot be removed.
        """
        own = None if folder is None else self.holding(folder)
        for pool in self._all():
            try:
                if pool == own or pool.readable:
                    pool.remove(name)
            except (Failure, OSError):
                if pool == own:
                    raise

    def folders(self) -> Iterator[tuple[str, Path]]:
        """List the folders of volumes and of drafts, with the volume's name."""
        for pool in self._all():
            try:
                if not pool.readable:
                    continue
                found = [(name, pool.path(name)) for name in pool.names()]
                found += [(name, pool.draft(name)) for name in pool.drafts()]
            except OSError as cause:
                self._tell(f"team {pool.folder.name}", cause)
            else:
                yield from found

    def _all(self) -> Iterator[Pool]:
        if self.limited:
            yield from map(self._own, self.images.made())
        yield self.shared

    def _tell(self, whose: str, failure: Failure | OSError | None) -> None:
        """Log a problem when it differs from the last one of the same pool."""
        if isinstance(failure, Failure):
            problem = f"{failure.message} {failure.hint}"
        else:
            problem = "" if failure is None else failure.strerror or type(failure).__name__
        if problem and problem != self._told.get(whose):
            log.warning("the file system of %s cannot be used: %s", whose, problem)
        self._told[whose] = problem


def has_files(folder: Path) -> bool:
    """Whether a folder exists and is not empty."""
    return folder.is_dir() and any(folder.iterdir())
