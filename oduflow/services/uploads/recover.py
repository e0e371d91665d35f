"""Remove expired uploads, and find files without a row."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from oduflow.domain.clock import now
from oduflow.domain.errors import Busy
from oduflow.domain.upload import Upload
from oduflow.kernel.locks import LockKey
from oduflow.services.deps import Deps
from oduflow.services.recoverable import RECONCILER, Leftover, Recoverable, Stray, of_one_team
from oduflow.services.uploads.delete import remove_upload


@dataclass(frozen=True, slots=True)
class UploadRecovery(Recoverable):
    """Implements `Recoverable` for uploads."""

    deps: Deps

    def ids(self) -> AbstractSet[str]:
        """Return the ids of all uploads."""
        return {row.id for row in self.deps.store.uploads.all()}

    def prune(self) -> int:
        """Remove uploads without a part for a day; return how many.

        One that is being received or imported is locked, and stays.
        """
        return sum(map(self._remove, filter(_is_expired, self.deps.store.uploads.all())))

    def strays(self, adoptable: AbstractSet[str]) -> Iterator[Stray]:  # noqa: ARG002
        """Find files without a row; nothing says whose they were, so none is adopted."""
        teams, data_dir = self.deps.settings.teams, self.deps.naming.data_dir
        files: list[Path] = []
        for team in teams:
            with of_one_team(team, "uploads"):
                files += self.deps.work.uploads.stored(team)
        known = self.ids()  # read after the list, so that an upload that begins has its row
        for path in files:
            if path.name not in known:
                shown = str(path.relative_to(data_dir))
                yield Stray(Leftover("File", shown, f"rm {data_dir / shown}"))

    def _remove(self, row: Upload) -> bool:
        removed = False
        with suppress(Busy), of_one_team(row.team, f"upload {row.name}"):
            # Its file could not be removed, and without a row it would not be looked for.
            self.deps.infrastructure.pools.require(row.team)
            key = LockKey.upload(row.team, row.name)
            with self.deps.work.locks.acquire(key, RECONCILER):
                current = self.deps.store.uploads.by_id(row.id)
                if current is not None and _is_expired(current):
                    remove_upload(self.deps.store.uploads, self.deps.work, current)
                    removed = True
        return removed


def _is_expired(row: Upload) -> bool:
    return row.expires_at < now()
