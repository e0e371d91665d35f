"""Machine-made secrets, one 0600 file each, below a 0700 folder of the server's."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oduflow.domain.disk_errors import disk_errors


@contextmanager
def writing() -> Iterator[None]:
    """Translate the errors of writing below the data folder; also a decorator.

    Raises:
        QuotaReached: the disk is full.
        UpstreamFailed: anything else.
    """
    with disk_errors(
        full=(
            "The disk of the data folder is full.",
            "Delete environments or free disk space, then call again.",
        ),
        other=(
            "The data folder cannot be written.",
            "See that it exists, is writable and belongs to the server's user.",
        ),
    ):
        yield


@writing()
def make_folder(path: Path) -> Path:
    """Make a 0700 folder and its parents, if they are missing."""
    if not path.parent.exists():
        make_folder(path.parent)  # by itself, mkdir would leave parents to the umask
    path.mkdir(mode=0o700, exist_ok=True)
    return path


@writing()
def ensure_secret(path: Path) -> str:
    """Return the secret in `path`; make one of 24 random bytes when there is none.

    Written aside and linked into place, so a kill never leaves half a secret and two
    processes agree on one.
    """
    make_folder(path.parent)
    if not path.exists():
        aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        write_private(aside, secrets.token_urlsafe(24))
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return path.read_text("ascii")


@writing()
def write_private(path: Path, text: str, *, uid: int = -1, gid: int = -1) -> None:
    """Write a 0600 file in one motion: whole or not at all.

    Args:
        path: where.
        text: what.
        uid: its owner, -1 for the server's own.
        gid: its group, -1 for the server's own.
    """
    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if uid >= 0 or gid >= 0:
            os.fchown(file.fileno(), uid, gid)
        file.write(text)
        file.flush()
        # A power cut must not leave an empty password behind a name that is there.
        os.fsync(file.fileno())
    aside.replace(path)
