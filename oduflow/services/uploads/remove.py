"""Remove an upload: its content, then its row."""

from oduflow.domain.upload import Upload
from oduflow.services.deps import Deps


def remove_upload(deps: Deps, row: Upload) -> None:
    """Remove an upload; the caller holds its lock. After a kill at any point, call it again."""
    deps.work.uploads.remove(row.team, row.id)
    deps.store.uploads.remove(row.id)
