"""Mount a template's filestore below an environment's own files, as overlayfs does."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from oduflow.adapters.filestore.layers import CURRENT, Layers

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SECONDS = 20.0
# The engine divides the options at commas, overlayfs the lower folders at colons.
_SEPARATORS = frozenset(",:\\\"' \t\n")


def overlay_options(lower: Path, layers: Layers, generation: str = CURRENT) -> Mapping[str, str]:
    """Return the options of a volume that shows `lower` with the environment's changes.

    Without `index=off`, a kernel that keeps an index would refuse a copied upper folder.
    """
    upper, work = layers.upper_of(generation), layers.work_of(generation)
    folders = f"lowerdir={lower},upperdir={upper},workdir={work}"
    return {"type": "overlay", "device": "overlay", "o": f"index=off,{folders}"}


def copy_options(layers: Layers, generation: str = CURRENT) -> Mapping[str, str]:
    """Return the options of a volume that shows the environment's files alone."""
    return {"type": "none", "o": "bind", "device": str(layers.upper_of(generation))}


def overlay_refusal(lower: Path, root: Path, uid: int, gid: int) -> str:
    """Say why a filestore cannot be an overlay; empty when it can.

    Args:
        lower: the template's filestore.
        root: the folder for the environment's own layers.
        uid: the user that the environment's Odoo runs as.
        gid: its group.
    """
    if not lower.is_dir():
        return "the template has no filestore"
    if wrong := _SEPARATORS & set(f"{lower}{root}"):
        return f"its path has the character {min(wrong)!r}, which separates mount options"
    owner = lower.stat()
    if (owner.st_uid, owner.st_gid) != (uid, gid):
        return "its files belong to another user than the environment's Odoo"
    if os.geteuid() != 0:
        return "only root can mount it"
    return _mount_refusal(lower, root)


def _mount_refusal(lower: Path, root: Path) -> str:
    """Mount an overlay in a mount namespace of its own, which ends with the program."""
    with TemporaryDirectory(prefix="probe-", dir=root) as probe:
        upper, work, target = (Path(probe) / name for name in ("upper", "work", "target"))
        for folder in (upper, work, target):
            folder.mkdir()
        options = f"index=off,lowerdir={lower},upperdir={upper},workdir={work}"
        unshare = shutil.which("unshare", path=PATH) or "unshare"
        mount = ("mount", "-t", "overlay", "overlay", "-o", options, str(target))
        try:
            done = subprocess.run(
                [unshare, "--mount", "--", *mount],
                capture_output=True,
                check=False,
                env={"PATH": PATH, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                timeout=SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired):
            return "the program unshare does not run"
        return "this machine's kernel or file system has no overlays" if done.returncode else ""
