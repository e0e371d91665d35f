"""Remember something of each file of a copy, in memory that does not grow with their number.

A team's templates may have millions of files. What is remembered is in a temporary database, of
which SQLite keeps some MiB in memory and writes the rest to the disk, into a folder that the caller
names: the system's own place for temporary files may be in memory.
"""

import os
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from oduflow.files.process_mark import process_mark

_KIB_IN_MEMORY = 8192
_TABLES = (
    "CREATE TABLE firsts (file TEXT PRIMARY KEY, copy BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE alike (copy BLOB PRIMARY KEY, look TEXT NOT NULL) WITHOUT ROWID",
)

Look = tuple[int, int, int, int, int]
"""Kind and mode, owner, group, size, time of the last change."""


class FileNotes:
    """What is known of the files that are copied, and of their copies.

    For one thread at a time; nothing of it stays when it is closed or the process ends. Methods
    raise OSError when the temporary file cannot be written.

    Args:
        folder: gets a folder with the temporary file, named after the process; it is removed as
            soon as the file is open.
    """

    def __init__(self, folder: Path) -> None:
        with TemporaryDirectory(prefix=f"{process_mark()}-", dir=folder) as place:
            self._rows = sqlite3.connect(
                Path(place, "notes"), isolation_level=None, check_same_thread=False
            )
            for statement in (
                f"PRAGMA cache_size = -{_KIB_IN_MEMORY}",
                "PRAGMA journal_mode = OFF",
                "PRAGMA synchronous = OFF",
                "BEGIN EXCLUSIVE",  # never committed: what fits into memory is not written
                *_TABLES,
            ):
                self._run(statement)

    def first_copy(self, file: os.stat_result, copy: Path) -> Path:
        """Return the first copy of a file with several names; `copy` if there is none yet."""
        key, made = f"{file.st_dev}:{file.st_ino}", os.fsencode(copy)
        if self._run("INSERT OR IGNORE INTO firsts VALUES (?, ?)", (key, made)).rowcount:
            return copy
        ((found,),) = self._run("SELECT copy FROM firsts WHERE file = ?", (key,))
        return Path(os.fsdecode(found))

    def forget_copies(self, folder: Path | None = None) -> None:
        """Forget the first copies, all or those in a folder."""
        if folder is None:
            self._run("DELETE FROM firsts")
            return
        above = os.fsencode(folder)
        within = (above + b"/", above + b"0")  # "0" follows "/"
        self._run("DELETE FROM firsts WHERE copy > ? AND copy < ?", within)

    def note_alike(self, copy: Path, look: Look) -> None:
        """Remember that a copy was compared when the original had this look."""
        self._run("INSERT OR REPLACE INTO alike VALUES (?, ?)", (os.fsencode(copy), repr(look)))

    def is_alike(self, copy: Path, look: Look) -> bool:
        """Whether a copy was compared when the original had this look."""
        asked = (os.fsencode(copy), repr(look))
        found = self._run("SELECT 1 FROM alike WHERE copy = ? AND look = ?", asked)
        return found.fetchone() is not None

    def forget_alike(self, copy: Path) -> None:
        """Forget that a copy was compared."""
        self._run("DELETE FROM alike WHERE copy = ?", (os.fsencode(copy),))

    def close(self) -> None:
        """Forget everything."""
        self._rows.close()

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._rows.execute(statement, values)
        except sqlite3.Error as cause:
            raise OSError(f"{cause}, in the temporary file of the list of files") from cause
