"""The places of submodules in a checkout that goes from one commit to another, without a server.

Git neither removes the files of a submodule that the other commit does not have, nor checks out the
commit that it pins; `Submodules` downloads. Each submodule has a folder of its own in git's folder.
"""

import hashlib
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.git_folder import GitFolder

DECLARATION = ".gitmodules"
GITLINK = "160000"


def folders_of(folder: GitFolder) -> Path:
    """Return the place of git's folders of a repository's submodules; it need not exist."""
    return folder.git_dir / "submodules"


def folder_name(path: str) -> str:
    """Return the name of git's folder of the submodule at a path of the checkout."""
    return hashlib.sha256(path.encode()).hexdigest()[:32]


def submodule_folder(folder: GitFolder, path: str) -> GitFolder:
    """Return git's folder of the submodule at a path of the checkout."""
    return replace(folder, git_dir=folders_of(folder) / folder_name(path))


def pinned_submodules(folder: GitFolder, commit: str) -> dict[str, str]:
    """Return the commits that a commit pins, by path; none if it declares no submodules.

    Raises:
        GitFailed: there is no such commit.
    """
    declared = folder.run("ls-tree", "--full-tree", "--name-only", commit, "--", DECLARATION)
    if not declared:
        return {}
    found = {}
    for entry in folder.run("ls-tree", "-r", "-z", "--full-tree", commit).split("\0"):
        about, _, path = entry.partition("\t")
        if about.startswith(GITLINK):
            found[path] = about.split(" ")[2]
    return found


def empty_places(files: Path, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Empty the places of submodules that another commit pins to something else, or not at all."""
    for path, commit in before.items():
        place = files / path
        if after.get(path) != commit and not _is_below_link(files, place):
            shutil.rmtree(place, ignore_errors=True)
            _remove_empty(files, place.parent)


def fill_places(folder: GitFolder, files: Path, pinned: Mapping[str, str]) -> None:
    """Check out submodules at commits that were downloaded before.

    What a killed call left in their places goes. The places of others are emptied, as those of
    submodules of other servers are.

    Raises:
        GitFailed: one that was downloaded cannot be checked out.
    """
    for path, commit in pinned.items():
        place, own = files / path, submodule_folder(folder, path)
        if _is_below_link(files, place):
            continue
        place.mkdir(parents=True, exist_ok=True)
        if not has_commit(own, commit):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(exist_ok=True)
            continue
        (own.git_dir / "index.lock").unlink(missing_ok=True)  # of a killed call
        own.run("checkout", "--force", "--detach", commit, "--", work_tree=place)
        own.run("clean", "-ffdx", "--quiet", work_tree=place)
        own.mark.unlink(missing_ok=True)  # of a download that failed: it is whole again


def has_commit(folder: GitFolder, commit: str) -> bool:
    """Whether a commit was downloaded into a folder, which need not exist."""
    if not (folder.git_dir / "HEAD").is_file():
        return False
    try:
        folder.run("cat-file", "-e", f"{commit}^{{commit}}")
    except GitFailed:
        return False
    return True


def _remove_empty(files: Path, folder: Path) -> None:
    """Remove a folder and those above it that hold nothing, as git does."""
    with suppress(OSError):
        while folder != files:
            folder.rmdir()
            folder = folder.parent


def _is_below_link(files: Path, place: Path) -> bool:
    """Whether a link leads to a place, which may be anywhere."""
    above = [each for each in (place, *place.parents) if files in each.parents]
    return any(each.is_symlink() for each in above)
