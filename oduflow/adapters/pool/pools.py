"""The pools of all teams: a file system for each, so that none can fill the disk of another.

The file system of a team is as large as its image, which the server lets grow up to the team's
limit. What the team's code writes, and what is written for it, lies there: the volumes, and the
team's folder with checkouts, Python packages, uploads and temporary files. The kernel refuses what
is beyond (ENOSPC), in whichever way it is written.
"""

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oduflow.adapters.pool.pool import Pool, copied, unmounted
from oduflow.adapters.pool.space import HOST_KEEPS, PoolRules
from oduflow.adapters.pool.turns import turn
from oduflow.domain.counting import binary_size, counted
from oduflow.domain.errors import Busy, Conflict, Failure, QuotaReached, UpstreamFailed
from oduflow.domain.plan import Naming
from oduflow.domain.storage import CloneState
from oduflow.files.private import make_folder, writing

TEAM_STEP = 1 << 30  # a team's first size, and by how much it grows: limits are in GiB

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pools:
    """`<data_dir>/pools`: an image for each team, mounted beside it.

    Before `set_up`, and where it cannot be, all teams share one pool without limits:
    `<data_dir>/pool`, a folder on a file system with reflinks or an image of an earlier version.

    Attributes:
        naming: the instance's names.
        rules: returns the current `[storage]`.
        limits: returns how many bytes each configured team may fill, 0 for a share of the disk.
        step: an image's first size in bytes, and by how much it grows.
    """

    naming: Naming
    rules: Callable[[], PoolRules]
    limits: Callable[[], Mapping[str, int]]
    step: int = TEAM_STEP
    _told: dict[str, str] = field(default_factory=dict, init=False, compare=False)

    @property
    def folder(self) -> Path:
        """The folder of all images."""
        return self.naming.pools

    @property
    def limited(self) -> bool:
        """Whether each team has a file system of its own."""
        return self.folder.is_dir()

    @property
    def shared(self) -> Pool:
        """The pool without limits."""
        return Pool(self.naming.data_dir, self.naming.data_dir / "pool", self.rules)

    def of(self, team: str) -> Pool:
        """Return the pool in which new files of a team are made."""
        return self._own(team) if self.limited else self.shared

    def _own(self, team: str) -> Pool:
        return Pool(
            self.naming.data_dir,
            self.folder / team,
            self.rules,
            step=self.step,
            own=True,
            most=lambda: self._most(team),
        )

    def limit(self, team: str) -> int:
        """Return how many bytes a team may fill at most.

        Without `disk_gb` it is an equal share of what the disk has for the teams without one. A
        team that is not configured keeps what it has.
        """
        configured = self.limits()
        if team not in configured:
            return self._size(team) or self.step
        if configured[team]:
            return min(configured[team], self._together or configured[team])
        fixed = sum(configured.values())
        fixed += sum(self._size(each) for each in self._made() if each not in configured)
        sharing = sum(not limit for limit in configured.values())
        share = max(0, self.capacity - fixed) // sharing
        return max(self.step, share // self.step * self.step)

    def _most(self, team: str) -> int:
        """Return how many bytes a team's image may have now, beside those that others have."""
        left = max(0, self.capacity - self._sizes)
        return max(self.step, min(self.limit(team), self._size(team) + left))

    @property
    def _together(self) -> int:
        """The bytes that the configuration allows all images together; 0 without a limit."""
        return self.rules().pool_max_gb << 30

    @property
    def _sizes(self) -> int:
        return sum(map(self._size, self._made()))

    @property
    def capacity(self) -> int:
        """The bytes that all images may have together."""
        free = shutil.disk_usage(self.naming.data_dir).free
        most = self._sizes + max(0, free - HOST_KEEPS)
        return min(most, self._together or most)

    @property
    def promised(self) -> int:
        """The bytes that the configuration gives to teams with `disk_gb`."""
        return sum(self.limits().values())

    def set_up(self) -> None:
        """Make and mount a file system for each configured team that has none.

        Raises:
            Failure: this machine cannot have one; nothing is left of it.
        """
        if self.rules().clone == "copy":
            raise Conflict("[storage] clone is “copy”.", 'Set it to "auto" first.')
        missing = [team for team in self.limits() if not self._own(team).image.exists]
        if missing:
            self._refuse_new(missing)
        make_folder(self.folder)
        try:
            for team in self.limits():
                self.add(team)
        except BaseException:
            self.give_up(missing)
            raise

    def give_up(self, teams: Iterable[str] | None = None) -> None:
        """Remove pools that nothing uses yet: those of the teams, or of all."""
        for team in self._made() if teams is None else teams:
            pool = self._own(team)
            if not pool.names() and not _has_files(pool.files):
                self.remove_team(team)
        self._remove_folder()

    def attach(self) -> None:
        """Mount every image, make those of new teams, and keep space in each.

        A team whose image cannot be made or mounted is logged, and does not hinder the others.

        Raises:
            UpstreamFailed: the pool that all teams share cannot be mounted.
        """
        self.shared.attach()
        if not self.limited:
            return
        for team in sorted({*self.limits(), *self._made()}):
            try:
                self.add(team)
            except (Failure, OSError) as failure:
                self._tell(team, failure)
            else:
                self._tell(team, None)

    def add(self, team: str) -> None:
        """Make a team's file system unless it exists, and mount it; nothing without limits.

        Raises:
            Failure: it cannot be made or mounted, or the one that the team had is gone.
        """
        if not self.limited:
            return
        pool = self._own(team)
        if not pool.image.exists:
            self._refuse_lost(team, pool)
            with writing(), turn(self.folder) as held:
                if not held:
                    raise Busy("Other pools are growing.", "Call again in a minute.")
                self._refuse_new([team])
                pool.make()
        pool.attach()
        self._link(team, pool)

    def _refuse_lost(self, team: str, pool: Pool) -> None:
        """Refuse to begin anew where a team had files, whose image may be brought back.

        Its folder, or the link to it, is older than the loss: they are made after the image.
        """
        if pool.folder.exists() or self.naming.team_folder(team).is_symlink():
            raise UpstreamFailed(
                f"The image of team {team} is gone: {pool.image.file}.",
                "Bring it back, such as from a backup. To begin anew without the team's data, "
                f"`rm -d {pool.folder} {self.naming.team_folder(team)}`.",
            )

    def _refuse_new(self, teams: Sequence[str]) -> None:
        """Refuse to make images for which there is no room.

        Raises:
            Failure: the reason, and the next step.
        """
        self._own(teams[0]).refuse_setup(teams=len(teams))
        needed = self._sizes + len(teams) * self.step
        if self._together and needed > self._together:
            raise QuotaReached(
                f"The pools of all teams need {binary_size(needed)} together, and may have "
                f"{binary_size(self._together)}.",
                "Raise [storage] pool_max_gb.",
            )

    def require_files(self, team: str) -> None:
        """Refuse work on a team's folder that leads into a file system which is not mounted.

        Raises:
            UpstreamFailed: it does.
        """
        if self.naming.team_folder(team).is_symlink() and not self.of(team).image.mounted:
            raise unmounted()

    def remove_team(self, team: str) -> None:
        """Remove a team's file system with all that is in it; a missing one is no error.

        Raises:
            UpstreamFailed: a program still uses a file in it.
        """
        link = self.naming.team_folder(team)
        if link.is_symlink():
            link.unlink()
        if self.limited:
            self._own(team).destroy()

    def keep(self) -> None:
        """Let each file system grow before it is full, as far as its team may."""
        for team in self._made():
            pool = self._own(team)
            try:
                if pool.image.mounted:
                    pool.space.keep()
            except (Failure, OSError) as failure:
                self._tell(team, failure)

    def state(self) -> CloneState:
        """Find out how environments of all teams are cloned, and why."""
        if not self.limited:
            return self.shared.state()
        teams = sorted(self.limits())
        states = {team: self._own(team).state() for team in teams}
        broken = [state for state in states.values() if not state.ok]
        if len(broken) == len(states):
            return broken[0] if broken else copied("no team is configured.")
        sharing = [team for team in teams if states[team].reflink]
        if not sharing:
            return next(iter(states.values()))
        spaces = [self._own(team).space for team in sharing]
        sizes = (
            f"{counted(len(sharing), 'pool')} of teams, "
            f"{binary_size(sum(space.total for space in spaces))}, "
            f"{binary_size(sum(space.free for space in spaces))} free"
        )
        text, hint = f"reflink ({sizes})", ""
        if broken:
            text += f"; {counted(len(broken), 'team')} cannot: {broken[0].text}"
            hint = broken[0].hint
        elif self.promised > self.capacity:
            text += (
                f"; disk_gb of the teams is {binary_size(self.promised)} together, and the disk "
                f"has {binary_size(self.capacity)} for them"
            )
            hint = "Lower disk_gb or give the disk more space: a team may get less than it has."
        return CloneState(reflink=True, text=text, hint=hint)

    def holding(self, folder: Path) -> Pool | None:
        """Return the pool that a folder lies in."""
        for pool in self._all():
            if pool.holds(folder):
                return pool
        return None

    def paths(self, name: str) -> tuple[Path, ...]:
        """Return the folders that a volume has or could have."""
        return tuple(pool.path(name) for pool in self._all())

    def new(self, name: str, labels: Mapping[str, str]) -> Path | None:
        """Make the folder of a new volume; None where its team's volumes are not in a pool.

        Args:
            name: the volume's.
            labels: the volume's, which name its team.

        Raises:
            Failure: the team's file system is not there.
        """
        pool = self.of(labels.get(self.naming.label("team"), ""))
        if pool.own and self.rules().clone != "copy" and not pool.takes_new:
            raise unmounted()  # a volume elsewhere would have no limit
        return pool.new(name)

    def remove(self, name: str, labels: Mapping[str, str]) -> None:
        """Remove a volume's folder with its files; a missing one is no error.

        Args:
            name: the volume's.
            labels: the volume's; none if it is gone already.

        Raises:
            UpstreamFailed: the image that may hold it is not mounted.
        """
        team = labels.get(self.naming.label("team"))
        for pool in self._all():
            own = pool.folder.name == team
            try:
                if not pool.own or pool.image.mounted or own:
                    pool.remove(name)
            except OSError as cause:
                if own:
                    raise unmounted() from cause

    def folders(self) -> Iterator[tuple[str, Path]]:
        """List the folders of volumes and of drafts, with the volume's name."""
        for pool in self._all():
            try:
                found = [(name, pool.path(name)) for name in pool.names()]
                found += [(name, pool.draft(name)) for name in pool.drafts()]
            except OSError as cause:
                self._tell(pool.folder.name, cause)
            else:
                yield from found

    def give_up_shared(self) -> bool:
        """Remove the image that all teams shared, once nothing is in it; return whether it was."""
        shared = self.shared
        if not (self.limited and shared.image.mounted) or shared.names() or shared.drafts():
            return False
        return shared.destroy()

    def destroy(self) -> bool:
        """Remove every pool with everything in it; return whether there was one.

        Raises:
            UpstreamFailed: a program still uses a file in one.
        """
        existed = self.limited
        for team in self._made():
            self.remove_team(team)
        if existed:
            self._remove_folder()
        return self.shared.destroy() or existed

    def _all(self) -> Iterator[Pool]:
        yield from map(self._own, self._made())
        yield self.shared

    def _made(self) -> tuple[str, ...]:
        if not self.limited:
            return ()
        return tuple(sorted(each.stem for each in self.folder.glob("*.img")))

    def _size(self, team: str) -> int:
        file = self._own(team).image.file
        return file.stat().st_size if file.is_file() else 0

    def _link(self, team: str, pool: Pool) -> None:
        """Let the team's folder lie in its file system, unless it has files elsewhere.

        Those are moved by `oduflow storage move`.
        """
        place = self.naming.team_folder(team)
        if place.is_symlink() or _has_files(place):
            return
        with writing():
            if place.is_dir():
                place.rmdir()
        pool.link(place)

    def _remove_folder(self) -> None:
        for draft in self.folder.glob("*.img.new"):
            draft.unlink()
        for left in self.folder.iterdir():  # mount points of images that were not mounted
            if left.is_dir() and not any(left.iterdir()):
                left.rmdir()
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _tell(self, team: str, failure: Failure | OSError | None) -> None:
        """Log a problem when it differs from the last one of the team."""
        if isinstance(failure, Failure):
            problem = f"{failure.message} {failure.hint}"
        else:
            problem = "" if failure is None else failure.strerror or type(failure).__name__
        if problem and problem != self._told.get(team):
            log.warning("the file system of team %s cannot be used: %s", team, problem)
        self._told[team] = problem


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
