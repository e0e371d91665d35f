"""Keep the files of a checkout, with uncommitted edits, and bring them back.

What is kept is a commit under a ref of our own, so it holds neither the branch nor its server.
Submodules are kept as the commits that they are at, without edits inside them.
"""

from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.git_folder import GitFolder, unwritable

_IDENTITY = ("-c", "user.name=oduflow", "-c", "user.email=oduflow@localhost")
_WHAT = "checkout"


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
            made = self._git(*_IDENTITY, "commit-tree", tree, "-p", commit, "-m", "kept")
            self._git("update-ref", _ref(name), made)
            self._git("read-tree", commit)
        except GitFailed as cause:
            raise unwritable(_WHAT) from cause
        return made

    def restore(self, kept: str, commit: str) -> None:
        """Make the checkout hold exactly what was kept, with `commit` as the one checked out.

        The call may be repeated. Files that are the same are not touched.

        Raises:
            QuotaReached: the disk is full.
            UpstreamFailed: the checkout cannot be written.
        """
        try:
            self._add()
            self._git("read-tree", "--reset", "-u", kept)
            self._git("update-ref", "--no-deref", "HEAD", commit)
            self._git("read-tree", commit)
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
            self._git("read-tree", commit)
            found = (tree, self._git("rev-parse", "HEAD"))
            return found == (self._git("rev-parse", f"{kept}^{{tree}}"), commit)
        except GitFailed as cause:
            raise unwritable(_WHAT) from cause

    def become_copy(self, kept: str, commit: str) -> None:
        """Make a copy of a checkout hold what was kept, and forget all that was kept in the other.

        For a copy of both folders, made while nothing but the work tree's files could change. The
        call may be repeated.

        Raises:
            QuotaReached: the disk is full.
            UpstreamFailed: the checkout cannot be written.
        """
        self.restore(kept, commit)
        try:
            for ref in self._git("for-each-ref", "--format=%(refname)", _ref("")).split():
                self._git("update-ref", "-d", ref)
        except GitFailed as cause:
            raise unwritable(_WHAT) from cause

    def forget(self, name: str) -> None:
        """Forget what was kept under a name; nothing kept is no error."""
        if self.folder.git_dir.is_dir():
            try:
                self._git("update-ref", "-d", _ref(name))
            except GitFailed as cause:
                raise unwritable(_WHAT) from cause

    def _add(self) -> None:
        (self.folder.git_dir / "index.lock").unlink(missing_ok=True)  # of a killed call
        self._git("add", "--all", "--force", "--", ".")

    def _git(self, *arguments: str) -> str:
        return self.folder.run(*arguments, work_tree=self.files)


def _ref(name: str) -> str:
    return f"refs/oduflow/kept/{name}"
