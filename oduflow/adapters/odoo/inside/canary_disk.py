"""Fill every disk that an environment can write to, until it is refused or a bound is reached.

It runs in the container of a canary, beside `canary.py`. What is written is removed again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg2
from canary_tools import SETTINGS, ask, enter, hold

PIECE = 16 << 20
LEFT = 64 << 20  # what is left for rows on a disk that was filled with a file
DATA = "/var/lib/odoo"
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - that is what is tried
ROWS = "INSERT INTO canary_rows SELECT repeat('x', 1000000) FROM generate_series(1, 16)"


def root_files() -> list[str]:
    """Create a file in each folder of the root file system; return the folders that took one."""
    device, found = Path("/").stat().st_dev, []
    for folder, folders, _files in os.walk("/"):
        folders[:] = [name for name in folders if on(device, os.path.join(folder, name))]  # noqa: PTH118
        with suppress(OSError):
            probe = Path(folder) / ".canary"
            probe.touch()
            probe.unlink()
            found.append(folder)
    return found


def on(device: int, folder: str) -> bool:
    """Whether a folder is on a device; one that cannot be looked at is not."""
    try:
        return os.lstat(folder).st_dev == device
    except OSError:
        return False


def temporary_files() -> dict[str, Any]:
    """Fill the folders of temporary files."""
    return filled("temporary_files", TEMPORARY)


def files() -> dict[str, Any]:
    """Fill the volume with the filestore and the sessions."""
    return filled("files", (DATA,))


def filled(phase: str, folders: tuple[str, ...]) -> dict[str, Any]:
    """Fill each folder with a file; return how many bytes they took, and whether all ended."""
    # Two folders may be one, so that each file has a name of its own.
    made = [Path(folder) / f".canary{folder.replace('/', '-')}" for folder in folders]
    try:
        taken = [fill(file, SETTINGS["disk"]) for file in made]
        hold(phase)
    finally:
        for file in made:
            file.unlink(missing_ok=True)
    return {"bytes": sum(taken), "refused": max(taken) < SETTINGS["disk"]}


def fill(file: Path, most: int) -> int:
    """Allocate a file until it is refused; return its size."""
    size = 0
    with suppress(OSError), file.open("wb") as stream:  # the disk may be full already
        for piece in (PIECE, 1 << 16):
            with suppress(OSError):
                while size < most:
                    os.posix_fallocate(stream.fileno(), size, piece)
                    size += piece
    return size


def rows() -> dict[str, Any]:
    """Fill the database with rows, on a disk where a file leaves little room."""
    ballast, taken, refused = Path(DATA) / ".canary-ballast", 0, False
    most = SETTINGS["disk"] - fill(ballast, SETTINGS["disk"])
    if most:  # the disk ended: give back what the rows may take
        os.truncate(ballast, max(0, ballast.stat().st_size - LEFT))
    try:
        connection = enter()
        ask(connection, "CREATE TABLE canary_rows (text text STORAGE EXTERNAL)")
        while taken < (SETTINGS["disk"] if most else LEFT):
            ask(connection, ROWS)
            taken += 16 * 1000000
    except psycopg2.Error:
        refused = True
    finally:
        hold("rows")
        ballast.unlink()
    return {"bytes": taken, "refused": refused}
