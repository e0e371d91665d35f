"""Where the modules of a repository are in Odoo's container."""

import re
from urllib.parse import urlsplit

from oduflow.adapters.odoo.conf import ADDONS_ROOT, EXTRA_ROOT
from oduflow.domain.extra_repo import Pin


def repository_folder(repo_url: str) -> str:
    """Name the checkout's folder in the container; a repository that is one module needs its own.

    Odoo takes a module's name from its folder, so `sale-tools.git` becomes `sale_tools`.
    """
    last = urlsplit(repo_url).path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return re.sub(r"[^a-zA-Z0-9_]", "_", last) or "repository"


def addons_path(
    repo_url: str, folders: tuple[str, ...], *, root_is_module: bool
) -> tuple[str, ...]:
    """Say where in the container the checkout's modules lie."""
    return _below(ADDONS_ROOT, repo_url, folders, root_is_module=root_is_module)


def extra_addons_path(
    pin: Pin, folders: tuple[str, ...], *, root_is_module: bool
) -> tuple[str, ...]:
    """Say where in the container an extra repo's modules lie."""
    root = f"{EXTRA_ROOT}/{pin.name}"
    return _below(root, pin.repo_url, folders, root_is_module=root_is_module)


def is_extra(folder: str) -> bool:
    """Whether a folder of the addons path is an extra repo's."""
    return folder.startswith(f"{EXTRA_ROOT}/")


def _below(
    root: str, repo_url: str, folders: tuple[str, ...], *, root_is_module: bool
) -> tuple[str, ...]:
    if root_is_module:
        return (root,)
    base = f"{root}/{repository_folder(repo_url)}"
    return tuple(base if folder == "." else f"{base}/{folder}" for folder in folders)
