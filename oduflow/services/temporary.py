"""Temporary files of Odoo's containers: in a folder of the team's, as their root is read-only.

A tmpfs would take the container's memory, of which Odoo needs gigabytes for a large import or a
backup. Only the server can exchange the folder: its parents are private.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from oduflow.adapters.filestore.clone import remove_tree
from oduflow.domain.container import ImageFacts, Mount
from oduflow.domain.plan import EnvironmentPlan, Naming, TemplatePlan
from oduflow.files.private import make_folder, writing
from oduflow.files.process_mark import is_used, process_mark

_ONCE = "once"
# Of an environment's containers, of its tests, and of one-off containers.
_FOLDERS = ("environments/*/tmp", "environments/*/tests/tmp", f"scratch/*-{_ONCE}-*")
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


@contextmanager
def one_off_temporary(plan: EnvironmentPlan | TemplatePlan, image: ImageFacts) -> Iterator[Path]:
    """Make the folder of a one-off container, and remove it after the block.

    It is a scratch folder: one that a kill leaves is removed with those of the dead process.
    """
    folder = plan.naming.team_scratch(plan.team) / f"{process_mark()}-{_ONCE}-{plan.id}"
    empty_temporary(folder, image)
    try:
        yield folder
    finally:
        remove_tree(folder)


def one_off_folders(plan: EnvironmentPlan | TemplatePlan) -> tuple[Path, ...]:
    """List the folders of one-off containers of an environment or a template, of any process."""
    return tuple(plan.naming.team_scratch(plan.team).glob(f"*-{_ONCE}-{plan.id}"))


def living(scratch: Path) -> tuple[Path, ...]:
    """List the scratch folders in a folder whose process still works."""
    return tuple(each for each in sorted(scratch.glob("*-*")) if is_used(each))


def free_temporary(naming: Naming, team: str) -> None:
    """Remove the temporary files of all containers of a team, none of which may run.

    The folders stay: a container that is started again has them mounted. What another call removes
    at the same time is no error.
    """
    folder = naming.team_folder(team)
    for pattern in _FOLDERS:
        for each in folder.glob(pattern):
            with writing(), suppress(FileNotFoundError):
                for entry in list(each.iterdir()):
                    if entry.is_dir() and not entry.is_symlink():
                        remove_tree(entry)
                    else:
                        entry.unlink(missing_ok=True)


def temporary_mounts(folder: Path) -> tuple[Mount, ...]:
    """Return the mounts that show the folder as /tmp and /var/tmp."""
    return tuple(Mount("bind", target, str(folder), read_only=False) for target in _TARGETS)
