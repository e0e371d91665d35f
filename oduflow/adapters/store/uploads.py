"""Uploads in the store."""

from datetime import datetime
from typing import TypedDict, Unpack

from sqlalchemy import func, select

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.named import NamedRows
from oduflow.adapters.store.tables import uploads
from oduflow.domain.errors import QuotaReached
from oduflow.domain.upload import Upload


class UploadChanges(TypedDict, total=False):
    """The columns of an upload that may change."""

    received: int
    verified: bool
    progressed_at: datetime


class Uploads(NamedRows[Upload]):
    """Every team's uploads."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, uploads, Upload, "upload", UploadChanges)

    def update(self, row: str, **changes: Unpack[UploadChanges]) -> Upload:
        """Change a row and return the changed row.

        Raises:
            NotFound: the row is gone.
        """
        return self._update(row, changes)

    def reserve(
        self, row: Upload, *, limit: int, team_bytes: int, disk_bytes: int, downloads: int = 0
    ) -> None:
        """Write a new row if the team's quota and the disk have room for all of its bytes.

        Count and write are one writing transaction, so two creations cannot share one place. What
        other teams have announced takes nothing away: it may never be sent, and each part that is
        sent asks for its own room.

        Args:
            row: the new row.
            limit: how many uploads the team may have.
            team_bytes: how many bytes the team's uploads and downloads may take.
            disk_bytes: how many bytes of the disk uploads may take from now on.
            downloads: how many bytes the team's downloads take.

        Raises:
            QuotaReached: names the limit and what is in use.
        """
        columns = self._table.c
        mine = select(func.count(), func.coalesce(func.sum(columns.size), 0)).where(
            columns.team == row.team
        )
        outstanding = select(
            func.coalesce(func.sum(columns.size - columns.received), 0),
        ).where(columns.team == row.team)
        with self._store.write() as connection:
            count, uploaded = connection.execute(mine).one()
            taken = uploaded + downloads
            if count >= limit:
                raise self._full(count, limit)
            if taken + row.size > team_bytes:
                raise QuotaReached(
                    f"The file has {_gib(row.size)}, and the team's uploads and downloads take "
                    f"{_gib(taken)} of {_gib(team_bytes)}.",
                    "Delete an upload, or wait until the downloads are imported.",
                )
            expected = connection.scalar(outstanding) or 0
            if expected + row.size > disk_bytes:
                raise QuotaReached(
                    f"The file has {_gib(row.size)}; the disk of the data folder has room for "
                    f"{_gib(max(0, disk_bytes - expected))} of uploads.",
                    "Delete uploads or environments, or free disk space.",
                )
            connection.execute(
                self._table.insert(), {column.name: getattr(row, column.name) for column in columns}
            )


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.2f} GiB"
