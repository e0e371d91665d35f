"""The room that the downloads of a team share with each other and with its uploads.

Each download has a folder of its own among the scratch files, named after its process and its team.
In it is the file as far as it came, and a note of the size that the server announced: the next
download counts that size from the first byte on, also from another process. What a kill leaves
counts no longer, because its process is dead.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from oduflow.adapters.locks import FileLocks
from oduflow.domain.counting import binary_size
from oduflow.domain.errors import NoRoom, QuotaReached
from oduflow.domain.plan import Naming
from oduflow.files.private import writing
from oduflow.files.process_mark import is_used, process_mark
from oduflow.kernel.locks import LockKey
from oduflow.services.deps import Deps
from oduflow.services.room import left_for_files, relieved, require_disk
from oduflow.services.team_disk import disk_limit, filled_by, own_disk

_KIND = "import"
_FILE = "file"
_WAIT_SECONDS = 10.0  # the others hold it while they look at a few files
_UNLIMITED = 1 << 62
_LOOK_BYTES = 4 << 20  # times the downloads at once stays below the space that must be free


@dataclass(slots=True)
class DownloadRoom:
    """The room of one download.

    Attributes:
        folder: of this download; the caller makes and removes it.
    """

    deps: Deps
    team: str
    folder: Path = field(init=False)
    _looked: int = field(default=0, init=False)
    _announced: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        name = f"{process_mark()}-{_KIND}-{secrets.token_hex(4)}-{self.team}"
        self.folder = self.deps.naming.team_scratch(self.team) / name

    @property
    def file(self) -> Path:
        """Where the download is written."""
        return self.folder / _FILE

    def limit(self) -> int:
        """Return how many bytes the file may have: what the team and the disk have room for.

        Raises:
            QuotaReached: there is none.
        """
        require_disk(self.deps, self.team)
        self._require(0)
        left = min(self._left_of_uploads(), self._left_of_disk())
        return min(left, left_for_files(self.deps.infrastructure, self.team))

    def arrived(self, done: int, total: int) -> None:
        """Look whether there is still room, now and then, and once the size is known.

        Args:
            done: the bytes that have arrived; less than before where a download begins anew.
            total: the size that the server announced, 0 when it is unknown.

        Raises:
            QuotaReached: other downloads, or the disk, have left none.
        """
        if total != self._announced:
            self._reserve(total)
        if abs(done - self._looked) >= _LOOK_BYTES:
            self._looked = done
            require_disk(self.deps, self.team)
            if not self._announced:
                self._require(done)

    def _reserve(self, total: int) -> None:
        """Note the announced size, unless there is no room for it; one download at a time does."""
        key, locks = LockKey.downloads(self.team), self.deps.work.locks
        self._require(total)  # gives up slots, which others must not wait for
        with locks.acquire(key, "a download", wait=_WAIT_SECONDS):
            self._refuse_beyond_uploads(total)
            self._refuse_beyond_disk(total)
            with writing():
                _note(self.folder).write_text(str(total))
        self._announced = total

    def _require(self, size: int) -> None:
        self._refuse_beyond_uploads(size)
        relieved(self.deps, self.team, lambda: self._refuse_beyond_disk(size))

    def _refuse_beyond_uploads(self, size: int) -> None:
        """Refuse what no warm slot makes room for."""
        if max(1, size) > self._left_of_uploads():
            raise QuotaReached(*self._refusal(size))

    def _refuse_beyond_disk(self, size: int) -> None:
        missing = max(1, size) - self._left_of_disk()
        if missing > 0:
            disk = own_disk(self.deps.infrastructure, self.team)
            raise NoRoom(*self._refusal(size), missing=missing, disk=disk)

    def _left_of_uploads(self) -> int:
        limit = self.deps.settings.teams[self.team].max_upload_gb << 30
        return limit - self._uploads() - self._others()

    def _left_of_disk(self) -> int:
        infrastructure = self.deps.infrastructure
        limit = disk_limit(infrastructure, self.deps.settings, self.team)
        if not limit:
            return _UNLIMITED
        return limit - filled_by(infrastructure, self.deps.store.sizes, self.team) - self._others()

    def _uploads(self) -> int:
        return sum(row.size for row in self.deps.store.uploads.list(self.team))

    def _others(self) -> int:
        return downloading(self.deps.naming, self.team, besides=self.folder)

    def _refusal(self, size: int) -> tuple[str, str]:
        limits = self.deps.settings.teams[self.team]
        taken = self._uploads() + self._others()
        may = f"{binary_size(limits.max_upload_gb << 30)} (max_upload_gb)"
        if limit := disk_limit(self.deps.infrastructure, self.deps.settings, self.team):
            may += f" and {binary_size(limit)} of disk (disk_gb)"
        what = f"The file has {binary_size(size)}, and the" if size else "The"
        has = f"take {binary_size(taken)}; it may have {may}."
        return (
            f"{what} team's uploads and other downloads {has}",
            "Wait until the others are imported, delete an upload, or raise the team's limits.",
        )


@contextmanager
def holding_off_downloads(naming: Naming, locks: FileLocks, team: str) -> Iterator[int]:
    """Let no download of a team reserve room during the block; yield what they have reserved.

    Raises:
        Busy: others hold them off for too long.
    """
    with locks.acquire(LockKey.downloads(team), "room", wait=_WAIT_SECONDS):
        yield downloading(naming, team)


def downloading(naming: Naming, team: str, besides: Path | None = None) -> int:
    """Return the bytes that a team's downloads will have, as far as servers announced them.

    Args:
        naming: the names of everything that this instance creates.
        team: the team.
        besides: the folder of a download that does not count.
    """
    found = 0
    for folder in naming.team_scratch(team).glob(f"*-{_KIND}-*"):
        _process, _kind, _number, of = folder.name.split("-", 3)
        if of == team and folder != besides and is_used(folder):
            arrived = announced = 0
            with suppress(OSError):
                arrived = (folder / _FILE).stat().st_size
            with suppress(OSError, ValueError):
                announced = int(_note(folder).read_text())
            found += max(arrived, announced)
    return found


def _note(folder: Path) -> Path:
    return folder / "announced"
