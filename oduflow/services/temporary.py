"""Temporary files of Odoo's containers: in a folder of the team's, as their root is read-only.

A tmpfs would take the container's memory, of which Odoo needs gigabytes for a large import or a
backup. Only the server can exchange the folder: its parents are private.
"""

import os
from pathlib import Path

from oduflow.adapters.filestore.clone import remove_tree
from oduflow.domain.container import ImageFacts, Mount
from oduflow.files.private import make_folder, writing

_TARGETS = ("/tmp", "/var/tmp")  # noqa: S108 - folders of the container


def empty_temporary(folder: Path, image: ImageFacts) -> None:
    """Make the folder of a new container, without what a former one has left in it.

    Args:
        folder: the folder; no running container may have it.
        image: Odoo's image, with the user that it runs as.
    """
    remove_tree(folder)
    make_folder(folder)
    with writing():
        os.chown(folder, image.uid, image.gid)


def temporary_mounts(folder: Path) -> tuple[Mount, ...]:
    """Return the mounts that show the folder as /tmp and /var/tmp."""
    return tuple(Mount("bind", target, str(folder), read_only=False) for target in _TARGETS)
