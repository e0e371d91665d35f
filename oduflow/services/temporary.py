"""Temporary files of Odoo's containers: in a folder of the team's, as their root is read-only.

A tmpfs would take the container's memory, of which Odoo needs gigabytes for a large import or a
backup. Only the server can exchange the folder: its parents are private.
"""

import os
from pathlib import Path

from oduflow.adapters.filestore.clone import remove_tree
from oduflow.domain.container import ImageFacts, Mount
from oduflow.domain.plan import Naming
from oduflow.files.private import make_folder, writing

# Of an environment's containers, of its tests, and of the making of a template.
_FOLDERS = (
    *("environments/*/tmp", "environments/*/tmp-once", "environments/*/tests/tmp"),
    "templates/*/tmp",
)
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


def free_temporary(naming: Naming, team: str) -> None:
    """Remove the temporary files of all containers of a team, none of which may run.

    The folders stay: a container that is started again has them mounted.
    """
    folder = naming.team_folder(team)
    for pattern in _FOLDERS:
        for each in folder.glob(pattern):
            with writing():
                for entry in list(each.iterdir()):
                    if entry.is_dir() and not entry.is_symlink():
                        remove_tree(entry)
                    else:
                        entry.unlink(missing_ok=True)


def temporary_mounts(folder: Path) -> tuple[Mount, ...]:
    """Return the mounts that show the folder as /tmp and /var/tmp."""
    return tuple(Mount("bind", target, str(folder), read_only=False) for target in _TARGETS)
