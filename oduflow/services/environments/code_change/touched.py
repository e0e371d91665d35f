"""Files that were edited and changed back since Odoo read them, so that no difference shows them.

The kernel sets the time of a change, which neither git nor a tenant can choose.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

MAX_ENTRIES = 200_000
_READ_BY_PROCESS = frozenset({".css", ".js", ".less", ".mjs", ".py", ".sass", ".scss"})
_LEFT_OUT = frozenset({"migrations", "tests", "upgrades"})


def touched(
    checkout: Path, folders: Iterable[str], since: float, differing: frozenset[str]
) -> Iterator[str]:
    """Yield files of modules that Odoo's process reads, and that were written since a moment.

    Args:
        checkout: the repository's files.
        folders: of the installed modules.
        since: seconds since the epoch.
        differing: paths that are told apart otherwise.
    """
    seen = 0
    for folder in folders:
        for path, changed in _files(checkout, checkout / folder):
            seen += 1
            if seen > MAX_ENTRIES:  # not all are looked at: one may have been written
                yield folder
                return
            if changed > since and path not in differing:
                yield path


def _files(checkout: Path, folder: Path) -> Iterator[tuple[str, float]]:
    """Yield path and time of change of the files below a folder, without following links."""
    for place, names, files in os.walk(folder, followlinks=False):
        if Path(place) == folder:
            names[:] = [name for name in names if name not in _LEFT_OUT]
        for name in files:
            path = Path(place, name)
            with suppress(OSError):
                about = path.lstat()
                if path.suffix in _READ_BY_PROCESS and stat.S_ISREG(about.st_mode):
                    yield str(path.relative_to(checkout)), about.st_ctime
