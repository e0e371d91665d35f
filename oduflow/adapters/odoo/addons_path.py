"""Where the modules of a repository are in Odoo's container."""

import re
from urllib.parse import urlsplit

from oduflow.adapters.odoo.conf import ADDONS_ROOT, EXTRA_ROOT
from oduflow.domain.extra_repo import Pin

LINKS_ROOT = "/mnt/links"


def repository_folder(repo_url: str) -> str:
    """Name the checkout's folder in the container after the repository."""
    last = urlsplit(repo_url).path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return re.sub(r"[^a-zA-Z0-9_]", "_", last) or "repository"


def repository_target(repo_url: str) -> str:
    """Return where the environment's own checkout is mounted."""
    return f"{ADDONS_ROOT}/{repository_folder(repo_url)}"


def extra_target(pin: Pin) -> str:
    """Return where an extra repo's checkout is mounted."""
    return f"{EXTRA_ROOT}/{pin.name}/{repository_folder(pin.repo_url)}"


def below(target: str, folder: str) -> str:
    """Return a folder of a checkout that is mounted at `target`; `.` is its root."""
    return target if folder == "." else f"{target}/{folder}"


def uses_links(addons: tuple[str, ...]) -> bool:
    """Whether a folder of the addons path holds links to modules instead of modules."""
    return any(folder.startswith(f"{LINKS_ROOT}/") for folder in addons)
