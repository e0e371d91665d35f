"""Copy a template's filestore into a fresh volume."""

import os
import subprocess
from pathlib import Path

from oduflow.domain.errors import UpstreamFailed
from oduflow.files.usage import entries_below

PROGRAM_SECONDS = 900
FILESTORE = "filestore"
_WRITTEN = "written to the disk"
SUBFOLDERS = (FILESTORE, "sessions", "addons")


def prepare_volume(root: Path, uid: int, gid: int) -> None:
    """Create the folders of an empty `/var/lib/odoo`, owned by Odoo's user."""
    try:
        for folder in (root, *(root / name for name in SUBFOLDERS)):
            folder.mkdir(exist_ok=True)
            os.chown(folder, uid, gid)
    except OSError as cause:
        raise failed(cause, done="prepared") from cause


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
    if origin.is_dir():
        copy_tree(origin, target / "filestore" / database)


def copy_tree(origin: Path, final: Path, *, what: str = FILESTORE) -> None:
    """Copy a folder, by reflink if possible, with the marks that overlayfs keeps in attributes.

    The call may be repeated: the rest of a killed copy is replaced.

    Args:
        origin: the folder.
        final: the copy.
        what: the subject of a failure.
    """
    remove_tree(final)
    copy = ("cp", "--archive", "--reflink=auto", "--no-dereference", "--")
    _run(*copy, str(origin), str(final), what=what, done="copied")


def remove_tree(folder: Path) -> None:
    """Remove a folder; a missing one is no error.

    Raises:
        UpstreamFailed: it cannot be removed, or whether it is missing cannot be seen, because a
            link above it leads into a file system that is not mounted.
    """
    for parent in folder.parents:
        if parent.is_symlink() and not parent.exists():
            raise UpstreamFailed(
                f"{folder.name} cannot be removed: {parent} leads to {parent.readlink()}, which is "
                "not there.",
                "Its file system may not be mounted: `oduflow doctor` says so.",
            )
    if folder.is_dir() and not folder.is_symlink():
        _run("rm", "--recursive", "--force", "--one-file-system", "--", str(folder), done="removed")


def own_tree(final: Path, uid: int, gid: int) -> None:
    """Give a folder and all files in it to Odoo's user, unless the folder belongs to it already.

    The folder itself is last, so that a call that was killed is repeated.
    """
    try:
        if not final.is_dir() or (final.stat().st_uid, final.stat().st_gid) == (uid, gid):
            return
        for entry in entries_below(final):
            os.chown(entry.name, uid, gid, dir_fd=entry.folder, follow_symlinks=False)
        os.chown(final, uid, gid, follow_symlinks=False)
    except OSError as cause:
        raise failed(cause, done="given to Odoo's user") from cause


def synchronise(root: Path) -> None:
    """Write to the disk what was changed in the folder's file system, with the content of files.

    A file system may keep what was copied into a file in memory for half a minute, and then a
    power cut leaves the file empty.
    """
    _run("sync", "--file-system", "--", str(root), done=_WRITTEN)


def make_durable(root: Path) -> None:
    """Write to the disk which folders, links and clones of shared blocks were made until now.

    For the content of files that were written, see `synchronise`. The log of ext4 and XFS is in
    order, so that a new change of the folder itself is behind all others. A power cut right after
    a creation would else take the filestore of a whole database.
    """
    try:
        os.utime(root)
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as cause:
        raise failed(cause, done=_WRITTEN) from cause


def _run(*command: str, done: str, what: str = FILESTORE) -> None:
    """Run a program; tenants choose how deep folders are nested, which programs do not mind.

    The kernel ends it with this process, or an orphan would write or remove beside the next copy.
    """
    try:
        subprocess.run(
            ["setpriv", "--pdeathsig", "KILL", "--", *command],
            check=True,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROGRAM_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.CalledProcessError as cause:
        raise failed(cause, cause.stderr, what=what, done=done) from cause
    except (OSError, subprocess.TimeoutExpired) as cause:
        raise failed(cause, what=what, done=done) from cause


def failed(
    cause: Exception, detail: str = "", *, done: str, what: str = FILESTORE
) -> UpstreamFailed:
    """Make the error for work on a filestore.

    Args:
        cause: what was raised.
        detail: what a program wrote.
        done: what could not be done with it: "copied".
        what: the subject, if it is another.
    """
    reason = getattr(cause, "strerror", None) or "a program failed"
    if "No space left" in f"{cause} {detail}":
        reason = "the disk is full"
    return UpstreamFailed(
        f"The {what} could not be {done}: {reason}.",
        "Free disk space or check the engine's volumes (`oduflow doctor`), then call again.",
        output=detail,
    )
