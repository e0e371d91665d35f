"""Remove an upload: its content, then its row."""

from oduflow.adapters.store import Uploads
from oduflow.domain.upload import Upload
from oduflow.services.groups import WorkGroup


def remove_upload(uploads: Uploads, work: WorkGroup, row: Upload) -> None:
    """Remove an upload; the caller holds its lock. After a kill at any point, call it again."""
    work.uploads.remove(row.team, row.id)
    uploads.remove(row.id)
