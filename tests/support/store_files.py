"""Read the files of an open store.

A separate process reads them: closing one of SQLite's files here would drop the locks that this
process has on it, and the next one to close the store would discard its log
(https://sqlite.org/howtocorrupt.html, 2.2).
"""

import subprocess
from pathlib import Path

NOTHING_FOUND = 1


def stored_bytes(data: Path) -> bytes:
    """Return everything in the files of the store of a data folder."""
    files = sorted(data.glob("oduflow.db*"))
    assert files, "there is no store"
    return subprocess.run(["cat", *files], check=True, capture_output=True, timeout=30).stdout


def files_with(folder: Path, *texts: str) -> list[str]:
    """Return the files below a folder that contain one of the texts; links are not followed."""
    found = subprocess.run(
        ["grep", "-r", "-l", "--text", "--fixed-strings", "--file=-", "."],
        cwd=folder,
        input="\n".join(texts).encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert found.returncode in {0, NOTHING_FOUND}, found.stderr
    return sorted(name.removeprefix("./") for name in found.stdout.decode().splitlines())
