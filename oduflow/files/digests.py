"""Digests by which a file or folder is known again."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from oduflow.files.archives.folder import folder_members

_CHUNK = 1 << 20


def content_digest(path: Path, on_bytes: Callable[[int], None]) -> str:
    """Return the SHA-256 of a file in hex; of a folder, of the names and sizes of its files.

    The attachments of a filestore are named by their content, so their names tell.

    Args:
        path: the file or folder.
        on_bytes: called with the number of bytes read so far; may raise to stop.
    """
    found, done = hashlib.sha256(), 0
    if path.is_dir():
        for line in sorted(f"{each.name}\0{each.size}\n" for each in folder_members(path)):
            found.update(line.encode("utf-8", "surrogateescape"))
        return found.hexdigest()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
            done += len(chunk)
            on_bytes(done)
    return found.hexdigest()
