"""A team's own copy of a repository: the newest commit of each branch that was asked for.

The copy is bare and without history. Checkouts of it share no file with git's folder, so that
they stay mounted while a later fetch goes on.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.git_folder import GitFolder, unwritable
from oduflow.domain.errors import Failure, NotFound

_NOUN = "extra repo"


@dataclass(frozen=True, slots=True)
class SharedStore:
    """The bare copy of one repository."""

    folder: GitFolder

    def fetch(self, connection: Connection, branch: str, source: str) -> str:
        """Download the newest commit of a branch, whose ref is `source`, and return it.

        A damaged copy is made anew, which loses the commits of other branches: `holds` tells so,
        and another fetch brings them back.

        Raises:
            Cancelled, QuotaReached, UpstreamFailed, NotFound: see `GitRepositories.fetch`.
        """
        return self.folder.fill(
            lambda: self._attempt(connection, branch, source), connection, _NOUN
        )

    def holds(self, commit: str) -> bool:
        """Whether the copy is whole and has the commit."""
        if not self.folder.git_dir.is_dir() or self.folder.mark.exists():
            return False
        try:
            self.folder.run("cat-file", "-e", f"{commit}^{{tree}}")
        except GitFailed:
            return False
        return True

    def check_out(self, commit: str, work_tree: Path) -> None:
        """Write a commit's files into a new folder.

        Raises:
            Cancelled: `cancelled` answered yes.
            NotFound: the commit is missing or incomplete.
            QuotaReached: it is too large, or the disk is full.
            UpstreamFailed: the folder cannot be written.
        """
        folder = self.folder
        quota = folder.limits.quota(folder.git_dir, work_tree)
        index = folder.git_dir / "index"  # left by a checkout into another folder
        read_tree = ("read-tree", "--reset", "-u", "-v", commit)
        try:
            work_tree.mkdir(parents=True)
            work_tree.chmod(0o755)  # readable for the container's user under any umask
            index.unlink(missing_ok=True)
            folder.run(*read_tree, quota=quota, work_tree=work_tree)
            index.unlink(missing_ok=True)
        except GitFailed as cause:
            folder.mark.touch()  # the next fetch makes the copy anew
            raise NotFound(
                "The copy of the extra repo is damaged; it will be fetched again.", "Call again."
            ) from cause
        except OSError as cause:
            raise unwritable(_NOUN) from cause
        quota.check(at_once=True)

    def tidy(self) -> None:
        """Delete the commits that no branch is at any more; a failure only costs disk space."""
        try:
            self.folder.run("gc", "--quiet", "--prune=now")
        except GitFailed:
            self.folder.mark.touch()

    def _attempt(self, connection: Connection, branch: str, source: str) -> str:
        folder = self.folder
        quota = folder.limits.quota(folder.git_dir)
        folder.prepare("--bare")
        # Named by digest: as files, the refs of branches a and a/b exclude each other.
        ref = f"refs/oduflow/{hashlib.sha256(branch.encode()).hexdigest()[:32]}"
        try:
            folder.fetch(connection, source, ref, quota)
            commit = folder.run("rev-parse", "--verify", f"{ref}^{{commit}}", quota=quota)
        except Failure as failure:
            if isinstance(failure.__cause__, GitFailed):
                folder.mark.unlink()  # git ended by itself and in order: the copy stays good
            raise
        quota.check(at_once=True)
        folder.mark.unlink()
        return commit
