"""Remove expired uploads, and find files without a row."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from oduflow.domain.clock import now
from oduflow.domain.errors import Busy, UpstreamFailed
from oduflow.domain.upload import Upload
from oduflow.kernel.locks import LockKey
from oduflow.services.deps import Deps
from oduflow.services.recoverable import RECONCILER, Leftover, Recoverable, Stray
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
        files = [path for team in teams for path in self.deps.work.uploads.stored(team)]
        known = self.ids()  # read after the list, so that an upload that begins has its row
        for path in files:
            if path.name not in known:
                shown = str(path.relative_to(data_dir))
                yield Stray(Leftover("File", shown, f"rm {data_dir / shown}"))

    def _remove(self, row: Upload) -> bool:
        try:
            # Its file could not be removed, and without a row it would not be looked for.
            self.deps.infrastructure.pools.require(row.team)
            held = self.deps.work.locks.acquire(LockKey.upload(row.team, row.name), RECONCILER)
        except (Busy, UpstreamFailed):
            return False
        try:
            current = self.deps.store.uploads.by_id(row.id)
            if current is None or not _is_expired(current):
                return False
            remove_upload(self.deps.store.uploads, self.deps.work, current)
            return True
        finally:
            held.release()


def _is_expired(row: Upload) -> bool:
    return row.expires_at < now()
