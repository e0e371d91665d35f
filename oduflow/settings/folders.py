"""Where data goes when the file does not say, and where a relative path starts."""

import os
from pathlib import Path

import platformdirs

from oduflow.settings.server import Server


def default_data_dir(preferred: Path | None = None) -> Path:
    """Return the system's folder for data, or the user's own where that one cannot be written.

    Nothing is created: the configuration is also read by commands that change nothing.
    """
    folder = preferred or Server().data_dir
    return folder if _is_writable(folder) else Path(platformdirs.user_data_dir("oduflow"))


def anchored(base: Path, path: Path) -> Path:
    """Make a path absolute, starting at `base`; links are left alone."""
    return Path(os.path.normpath(base.absolute() / path))


def _is_writable(folder: Path) -> bool:
    """Say whether the folder, or else the nearest one above that exists, can be written."""
    try:
        while not folder.exists():
            folder = folder.parent
    except PermissionError:
        return False
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
