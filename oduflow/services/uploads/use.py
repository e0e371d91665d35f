"""Use an upload's content: it must be complete, and have the digest that was named."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oduflow.adapters.store import Uploads
from oduflow.domain.errors import Conflict
from oduflow.domain.next_call import Next
from oduflow.domain.upload import Upload, no_upload
from oduflow.kernel.call import Call
from oduflow.services.groups import WorkGroup
from oduflow.services.uploads.delete import remove_upload
from oduflow.services.uploads.receive import begin_anew


@contextmanager
def used_upload(
    uploads: Uploads, work: WorkGroup, call: Call, team: str, name: str
) -> Iterator[Path]:
    """Yield the file of an upload; remove the upload unless the block fails.

    The call holds the upload's lock, as `import_template` declares.

    Raises:
        Conflict: not every byte has arrived.
        Invalid: the content has another digest than was named; it is removed.
        NotFound: the team has no such upload.
    """
    row = uploads.get(team, name)
    if row is None:
        raise no_upload(name)
    if not row.complete:
        raise Conflict(
            f"Upload {name} has {row.received} of {row.size} bytes.",
            "Send the rest first.",
            Next.of("list_uploads", "shows how much has arrived"),
        )
    if row.sha256 and not row.verified:
        _verify(uploads, work, call, row)
    yield work.uploads.path(team, row.id)
    remove_upload(uploads, work, row)


def _verify(uploads: Uploads, work: WorkGroup, call: Call, row: Upload) -> None:
    def show(done: int) -> None:
        call.report("verify", f"verifying the upload: {100 * done // row.size} %")

    found = work.uploads.digest(row.team, row.id, show)
    if found != row.sha256:
        raise begin_anew(uploads, work.uploads, row, found)
    uploads.update(row.id, verified=True)
