"""Copy a template's filestore into a fresh volume."""

import os
import shutil
import subprocess
from pathlib import Path

from oduflow.domain.errors import UpstreamFailed

COPY_SECONDS = 900
SUBFOLDERS = ("filestore", "sessions", "addons")


def prepare_volume(root: Path, uid: int, gid: int) -> None:
    """Create the folders of an empty `/var/lib/odoo`, owned by Odoo's user."""
    try:
        for folder in (root, *(root / name for name in SUBFOLDERS)):
            folder.mkdir(exist_ok=True)
            os.chown(folder, uid, gid)
    except OSError as cause:
        raise _failed(cause) from cause


def clone_filestore(source: Path, source_database: str, target: Path, database: str) -> None:
    """Copy `filestore/<source_database>` to `filestore/<database>`, by reflink if possible.

    The call may be repeated: the rest of a killed copy is replaced.

    Args:
        source: mountpoint of the template's volume.
        source_database: the template's database.
        target: mountpoint of the environment's volume, with its folders.
        database: the environment's database.
    """
    origin = source / "filestore" / source_database
    final = target / "filestore" / database
    if not origin.is_dir():
        return
    shutil.rmtree(final, ignore_errors=True)
    copy = ("cp", "--archive", "--reflink=auto", "--no-dereference", "--")
    # The kernel ends the copy with this process, or an orphan would write beside the next copy.
    with_parent = ("setpriv", "--pdeathsig", "KILL", "--")
    try:
        subprocess.run(
            [*with_parent, *copy, str(origin), str(final)],
            check=True,
            capture_output=True,
            text=True,
            timeout=COPY_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.CalledProcessError as cause:
        raise _failed(cause, cause.stderr) from cause
    except (OSError, subprocess.TimeoutExpired) as cause:
        raise _failed(cause) from cause


def give_filestore(target: Path, database: str, uid: int, gid: int) -> None:
    """Give `filestore/<database>` to Odoo's user, if the template was made by another one.

    The folder itself is last, so that a call that was killed is repeated.
    """
    final = target / "filestore" / database
    try:
        if not final.is_dir() or (final.stat().st_uid, final.stat().st_gid) == (uid, gid):
            return
        for folder, _folders, files in os.walk(final, topdown=False):
            for name in (*files, "."):
                os.chown(Path(folder) / name, uid, gid, follow_symlinks=False)
    except OSError as cause:
        raise _failed(cause) from cause


def make_durable(root: Path) -> None:
    """Write to the disk what was changed in the folder's file system until now.

    The log of ext4 and XFS is in order, so that a new change of the folder itself is behind all
    others. A power cut right after a creation would else take the filestore of a whole database.
    """
    try:
        os.utime(root)
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as cause:
        raise _failed(cause) from cause


def _failed(cause: Exception, detail: str = "") -> UpstreamFailed:
    reason = "the disk is full" if "No space left" in f"{cause} {detail}" else "copying failed"
    return UpstreamFailed(
        f"The filestore could not be cloned: {reason}.",
        "Free disk space or check the engine's volumes (`oduflow doctor`), then call again.",
        output=detail,
    )
