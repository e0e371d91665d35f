"""Create an upload, or return the one of the same file."""

from oduflow.domain.clock import now
from oduflow.domain.names import new_id
from oduflow.domain.outcome import Outcome
from oduflow.domain.upload import (
    PART_BYTES,
    CreateUpload,
    Upload,
    UploadView,
    base_name,
    path_of,
    upload_name,
)
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.download_room import downloading, holding_off_downloads
from oduflow.services.move_journal import holding_off_moves
from oduflow.services.room import (
    left_for_files,
    require_claimed_room,
    require_room_of_team,
)
from oduflow.services.team_disk import refuse_beyond_team

_HOW = (
    "Upload {name} {what}: send the bytes from {offset} on to {path} with PATCH, `Upload-Offset` "
    f"and at most {PART_BYTES >> 20} MiB at a time; `oduflow import FILE --url URL` does it all."
)


def ensure_upload(deps: Deps, call: Call, args: CreateUpload) -> Outcome[UploadView]:
    """Return the team's upload of the same digest and size, else create one.

    Raises:
        QuotaReached: the team has too many, or there is no room.
    """
    rows, team = deps.store.uploads, call.actor.team
    row = _same(rows.list(team), args)
    what = "is resumed"
    if row is None:
        file_name = base_name(args.file_name or "")
        row = Upload(
            id=new_id(),
            team=team,
            name=upload_name(file_name),
            file_name=file_name,
            size=args.size,
            sha256=args.sha256 or "",
            received=0,
            verified=False,
            created_by=str(call.actor),
            created_at=now(),
            progressed_at=now(),
        )
        _reserve(deps, row)
        what = "is started"
    if row.complete:
        return Outcome(UploadView.of(row), f"Upload {row.name} is complete already.")
    summary = _HOW.format(name=row.name, what=what, offset=row.received, path=path_of(row.name))
    return Outcome(UploadView.of(row), summary)


def _reserve(deps: Deps, row: Upload) -> None:
    """Write the row if there is room; before the lock, warm slots are given up for it.

    Raises:
        Busy: the team's files are being moved.
        QuotaReached: the team has too many uploads, or there is no room.
        UpstreamFailed: the team's file system is not mounted.
    """
    rows, team = deps.store.uploads, row.team
    limits, pools = deps.settings.teams[team], deps.infrastructure.pools
    subject = f"Upload {row.name}, with what else is to arrive,"

    def to_arrive() -> int:
        return row.size + sum(each.size - each.received for each in rows.list(team))

    pools.require(team)
    require_claimed_room(deps, team, subject, staging=to_arrive())
    require_room_of_team(deps, team, subject, to_arrive() + downloading(deps.naming, team))
    with (
        holding_off_moves(deps.work.locks, deps.store.facts, team),
        holding_off_downloads(deps.naming, deps.work.locks, team) as downloads,
    ):
        pools.require(team)
        refuse_beyond_team(deps, team, subject, to_arrive() + downloads)
        rows.reserve(
            row,
            limit=limits.max_uploads,
            team_bytes=limits.max_upload_gb << 30,
            disk_bytes=left_for_files(deps.infrastructure, team),
            downloads=downloads,
        )


def _same(rows: tuple[Upload, ...], args: CreateUpload) -> Upload | None:
    if args.sha256 is None:
        return None
    wanted = (args.sha256, args.size)
    return next((row for row in rows if (row.sha256, row.size) == wanted), None)
