"""Write files that only the server's user may read, and generate secrets."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from oduflow.files.disk_errors import disk_errors

_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


@contextmanager
def writing() -> Iterator[None]:
    """Translate OSError while writing below the data folder; also a decorator.

    Raises:
        QuotaReached: the disk is full.
        UpstreamFailed: any other OSError.
    """
    with disk_errors(
        full=(
            "The disk of the data folder is full.",
            "Delete environments or free disk space, then call again.",
        ),
        other=(
            "The data folder cannot be written.",
            "Check that it exists, is writable and belongs to the server's user.",
        ),
    ):
        yield


@writing()
def make_folder(path: Path) -> Path:
    """Create a folder of mode 0700 and its parents, if they are missing."""
    if not path.parent.exists():
        make_folder(path.parent)  # mkdir(parents=True) would give parents the mode of the umask
    path.mkdir(mode=0o700, exist_ok=True)
    return path


@writing()
def ensure_secret(path: Path) -> str:
    """Return the secret in a file; generate one of 24 random bytes if the file is missing.

    Two processes that start together use the same one.
    """
    make_folder(path.parent)
    if not path.exists():
        with suppress(FileExistsError):
            create_file(path, secrets.token_urlsafe(24).encode())
    return path.read_text("ascii")


def create_file(path: Path, content: bytes) -> None:
    """Create a 0600 file; a kill never leaves a part of it.

    Raises:
        FileExistsError: the file exists, perhaps since a moment ago.
        OSError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    replace_file(temporary, content)
    try:
        os.link(temporary, path)  # unlike a rename, a link fails when the file exists
    finally:
        temporary.unlink()


@writing()
def write_private(path: Path, text: str, *, uid: int = -1, gid: int = -1) -> None:
    """Write a file as `replace_file` does, and translate its errors."""
    replace_file(path, text.encode(), uid=uid, gid=gid)


@writing()
def fill_file(path: Path, text: str) -> None:
    """Write the content of an existing file in place, which keeps its owner, mode and mounts.

    A kill leaves a part of it: for files whose reader waits until the caller lets it go on.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW), "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes, *, uid: int = -1, gid: int = -1) -> None:
    """Write a 0600 file atomically; the caller excludes other writers.

    A kill leaves the old file and perhaps an incomplete temporary file, which the next call
    replaces.

    Args:
        path: the file.
        content: all of it.
        uid: its owner, -1 for the server's own.
        gid: its group, -1 for the server's own.

    Raises:
        OSError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name.lstrip('.')}.new")
    temporary.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(temporary, _WRITE, 0o600), "wb") as file:
            if uid >= 0 or gid >= 0:
                os.fchown(file.fileno(), uid, gid)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # a power cut must not leave an empty file with this name
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
