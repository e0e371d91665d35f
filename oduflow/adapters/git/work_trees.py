"""Keep the files of a checkout, with uncommitted edits, and bring them back.

What is kept is a commit under a ref of our own, so it holds neither the branch nor its server.
Each submodule is kept in the same way in its own folder of git, and the message of the kept commit
names the kept commit of each. What an older version kept names none: then submodules are neither
brought back nor compared.
"""

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.git_folder import GitFolder, unwritable
from oduflow.adapters.git.submodule_places import (
    GITLINK,
    empty_places,
    fill_places,
    folder_name,
    folders_of,
    pinned_submodules,
)
from oduflow.domain.errors import UpstreamFailed

log = logging.getLogger(__name__)

_EMAIL = "oduflow@localhost"
_IDENTITY = ("-c", "user.name=oduflow", "-c", f"user.email={_EMAIL}")
_WHAT = "checkout"
_SUBJECT = "kept with submodules"
_OLDER = "kept"  # of a version that kept nothing of submodules


@dataclass(frozen=True, slots=True)
class WorkTree:
    """One checkout and git's folder of it.

    Args:
        folder: git's own folder.
        files: the checkout.
    """

    folder: GitFolder
    files: Path

    def keep(self, name: str, commit: str) -> str:
        """Keep the files under a name, and return what `restore` brings back.

        Args:
            name: replaces what was kept under it before.
            commit: the commit that is checked out.

        Raises:
            QuotaReached: the disk is full, or the files are too many.
            UpstreamFailed: git's folder cannot be written.
        """
        try:
            self._add()
            tree = self._git("write-tree")
            kept = [
                f"{each.keep(name, each.checked_out())} {each.folder.git_dir.name}"
                for each in self._submodules(lambda: tree).values()
                if each is not None and not each.folder.mark.exists()
            ]
            message = "\n".join((_SUBJECT, "", *kept))
            made = self._git(*_IDENTITY, "commit-tree", tree, "-p", commit, "-m", message)
            self._git("update-ref", _ref(name), made)
            self._forget_edits(commit)
        except GitFailed as cause:
            raise unwritable(_WHAT) from cause
        return made

    def restore(self, kept: str, commit: str) -> None:
        """Make the checkout hold exactly what was kept, with `commit` as the one checked out.

        The call may be repeated. Files that are the same are not touched. A submodule of which
        git's folder was lost stays as it is: `holds` is false then. Of a state or a plain commit,
        submodules that were downloaded before are checked out at the commits that it pins.

        Raises:
            QuotaReached: the disk is full.
            UpstreamFailed: the checkout cannot be written.
        """
        try:
            what = self._kept(kept)
            pinned = pinned_submodules(self.folder, kept) if what.is_state else {}
            if what.is_state:
                empty_places(self.files, pinned_submodules(self.folder, "HEAD"), pinned)
            self._add()
            submodules = self._submodules(lambda: kept)
            for path in (
                self._submodules(lambda: self._git("write-tree")).keys() - submodules.keys()
            ):
                shutil.rmtree(self.files / path, ignore_errors=True)  # git leaves its files there
            self._git("read-tree", "--reset", "-u", kept)
            if what.is_state:
                fill_places(self.folder, self.files, pinned)
            elif what.submodules is not None:
                _restore_all(submodules, what.submodules, self.files)
            self._git("update-ref", "--no-deref", "HEAD", commit)
            self._forget_edits(commit)
        except GitFailed as cause:
            raise unwritable(_WHAT) from cause

    def holds(self, kept: str, commit: str) -> bool:
        """Whether the checkout has exactly what was kept, with `commit` as the one checked out.

        Raises:
            QuotaReached: the disk is full.
            UpstreamFailed: git's folder cannot be written.
        """
        try:
            self._add()
            tree = self._git("write-tree")
            self._forget_edits(commit)
            what = self._kept(kept)
            if (tree, self.checked_out()) != (what.tree, commit):
                return False
            commits = what.submodules
            return commits is None or _hold_all(self._submodules(lambda: kept), commits, self.files)
        except GitFailed as cause:
            raise unwritable(_WHAT) from cause

    def checked_out(self) -> str:
        """Return the commit that is checked out.

        Raises:
            GitFailed: none is.
        """
        return self.folder.checked_out(self.files)

    def parent_of(self, kept: str) -> str:
        """Return the commit that was checked out when something was kept.

        Raises:
            GitFailed: what was kept is not there.
        """
        return self._git("rev-parse", "--verify", f"{kept}^")

    def become_copy(self, kept: str, commit: str) -> None:
        """Make a copy of a checkout hold what was kept, and forget all that was kept in the other.

        For a copy of both folders, made while nothing but the work tree's files could change. The
        call may be repeated.

        Raises:
            QuotaReached: the disk is full.
            UpstreamFailed: the checkout cannot be written.
        """
        self.restore(kept, commit)
        for submodule in self._submodule_folders():
            submodule.forget_all()
        self.forget_all()

    def forget_all(self) -> None:
        """Forget all that was kept, but for that of submodules.

        Raises:
            UpstreamFailed: git's folder cannot be written.
        """
        try:
            for ref in self._git("for-each-ref", "--format=%(refname)", _ref("")).split():
                self._git("update-ref", "-d", ref)
        except GitFailed as cause:
            raise unwritable(_WHAT) from cause

    def forget(self, name: str) -> None:
        """Forget what was kept under a name; nothing kept is no error."""
        for submodule in self._submodule_folders():
            submodule.forget(name)
        if self.folder.git_dir.is_dir():
            try:
                self._git("update-ref", "-d", _ref(name))
            except GitFailed as cause:
                raise unwritable(_WHAT) from cause

    def _submodules(self, tree: Callable[[], str]) -> "dict[str, WorkTree | None]":
        """Return the submodules of a tree by path; None for one that was not checked out.

        The tree is asked for only where there are submodules.
        """
        filled = {each.folder.git_dir.name: each for each in self._submodule_folders()}
        if not filled:
            return {}
        # With short names of objects, because no more than 16 MiB are read.
        entries = self._git("ls-tree", "-r", "-z", "--abbrev=4", "--full-tree", tree()).split("\0")
        found: dict[str, WorkTree | None] = {}
        for about, _, path in (entry.partition("\t") for entry in entries):
            if about.startswith(GITLINK):
                one = filled.get(folder_name(path))
                found[path] = one and replace(one, files=self.files / path)
        return found

    def _submodule_folders(self) -> "Iterator[WorkTree]":
        """Yield the submodules without their places.

        Also those whose last download failed: their folders still have what was kept before.
        """
        for git_dir in sorted(folders_of(self.folder).glob("*")):
            if (git_dir / "HEAD").is_file():
                yield WorkTree(replace(self.folder, git_dir=git_dir), self.files)

    def _kept(self, kept: str) -> "_KeptTree":
        """Read what was kept, with one program."""
        about = self._git("show", "--no-patch", "--format=%T%n%ae%n%B", kept)
        tree, email, message = f"{about}\n\n".split("\n", 2)
        subject, *lines = message.splitlines() or [""]
        ours = email == _EMAIL and subject in {_SUBJECT, _OLDER}
        named = (line.split() for line in lines if line)
        return _KeptTree(
            tree,
            is_state=not ours,
            submodules={name: at for at, name in named} if ours and subject == _SUBJECT else None,
        )

    def _add(self) -> None:
        (self.folder.git_dir / "index.lock").unlink(missing_ok=True)  # of a killed call
        self._git("add", "--all", "--force", "--", ".")

    def _forget_edits(self, commit: str) -> None:
        """Make the index hold a commit's files; the checkout keeps its own.

        `--reset` keeps the size and times of files that are the same (git-read-tree(1), single tree
        merge), so that the next `add` reads only those that were changed.
        """
        self._git("read-tree", "--reset", commit)

    def _git(self, *arguments: str) -> str:
        return self.folder.run(*arguments, work_tree=self.files)


@dataclass(frozen=True, slots=True)
class _KeptTree:
    """What a kept commit says.

    Attributes:
        tree: the name of its tree.
        is_state: whether it was not kept by `keep` of this version or an older one.
        submodules: what was kept of each submodule, by its folder; None of an older version.
    """

    tree: str
    is_state: bool
    submodules: Mapping[str, str] | None


def _restore_all(
    submodules: Mapping[str, WorkTree | None], commits: Mapping[str, str], files: Path
) -> None:
    """Bring submodules back; the place of one of which nothing was kept becomes empty."""
    for path, submodule in submodules.items():
        kept = commits.get(folder_name(path))
        if kept is None:
            shutil.rmtree(files / path, ignore_errors=True)
        (files / path).mkdir(exist_ok=True)
        if kept is not None and submodule is not None:
            try:
                submodule.restore(kept, submodule.parent_of(kept))
            except (GitFailed, UpstreamFailed):
                log.warning("the submodule at %s cannot be brought back", path)


def _hold_all(
    submodules: Mapping[str, WorkTree | None], commits: Mapping[str, str], files: Path
) -> bool:
    """Whether submodules are what was kept, and the places of others are empty."""
    places = {folder_name(path) for path in submodules}
    return commits.keys() <= places and all(
        _holds(submodule, commits.get(folder_name(path)), files / path)
        for path, submodule in submodules.items()
    )


def _holds(submodule: WorkTree | None, kept: str | None, place: Path) -> bool:
    if kept is None:
        return place.is_dir() and not any(place.iterdir())
    try:
        return submodule is not None and submodule.holds(kept, submodule.parent_of(kept))
    except (GitFailed, UpstreamFailed):
        return False


def _ref(name: str) -> str:
    return f"refs/oduflow/kept/{name}"
