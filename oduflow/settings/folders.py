"""The folder of the data when the file names none, and where a relative path starts."""

import os
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import PlainValidator, ValidationInfo

from oduflow.settings.schema import Allowed, InvalidValue
from oduflow.settings.values import PLAIN_TEXT

SYSTEM_DATA_DIR = Path("/srv/oduflow")


def default_data_dir(preferred: Path = SYSTEM_DATA_DIR) -> Path:
    """Return the system's data folder, or the user's own when the system's is not writable.

    Creates nothing: commands that change nothing read the configuration, too.
    """
    if _is_writable(preferred):
        return preferred
    return Path(platformdirs.user_data_dir("oduflow"))


def anchored(base: Path, path: Path) -> Path:
    """Make a path absolute, starting at `base`, without following links."""
    return Path(os.path.normpath(base.absolute() / path))


def _is_writable(folder: Path) -> bool:
    """Return whether the folder, or else its nearest parent that exists, can be written."""
    try:
        while not folder.exists():
            folder = folder.parent
    except PermissionError:
        return False
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _folder(text: str, info: ValidationInfo) -> Path:
    if not text or Path(text) == Path("/"):
        raise InvalidValue
    if text.startswith("~"):
        raise InvalidValue("~ is not expanded", "Write the whole path.")
    return anchored(info.context["base"], Path(text)) if info.context else Path(text)


Folder = Annotated[Path, PlainValidator(_folder), PLAIN_TEXT, Allowed("the path of a folder")]
OptionalFolder = Annotated[Path | None, *Folder.__metadata__]
