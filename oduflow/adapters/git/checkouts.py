"""A checkout of a branch: filled once, repaired when an earlier call left it half made."""

from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.git_folder import GitFolder
from oduflow.files.disk_quota import DiskQuota

# One ref of our own for any branch: as files, the refs of branches a and a/b exclude each other.
_FETCHED = "refs/oduflow/fetched"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A work tree to fill from a server.

    Args:
        connection: the server.
        folder: git's own folder.
        work_tree: the folder to fill.
        whole: the quota of more than these two folders, for one that is part of another checkout.
    """

    connection: Connection
    folder: GitFolder
    work_tree: Path
    whole: DiskQuota | None = None

    def fill(self, source: str) -> str:
        """Make the work tree hold the newest commit of a ref, or a commit, and nothing else.

        The work tree keeps its inode, because containers have it mounted.

        Returns:
            The commit, 40 hexadecimal digits (64 in a SHA-256 repository).

        Raises:
            Cancelled, QuotaReached, UpstreamFailed, NotFound: see `GitRepositories.checkout`.
        """
        return self.folder.fill(
            lambda: self._attempt(source), self.connection, "checkout", self.work_tree
        )

    def _attempt(self, source: str) -> str:
        folder, tree = self.folder, self.work_tree
        quota = self.whole or folder.limits.quota(folder.git_dir, tree)
        tree.mkdir(parents=True, exist_ok=True)
        tree.chmod(0o755)  # readable for the container's user under any umask of the server
        folder.prepare(work_tree=tree)
        used = any(tree.iterdir())
        folder.fetch(self.connection, source, _FETCHED, quota, tree)
        fetched = f"{_FETCHED}^{{commit}}"
        checkout = ("checkout", "--force", "--detach", "--progress", fetched, "--")
        folder.run(*checkout, quota=quota, work_tree=tree)
        if used:
            folder.run("clean", "-ffdx", "--quiet", quota=quota, work_tree=tree)
        quota.check(at_once=True)
        commit = folder.checked_out(tree)
        folder.mark.unlink()
        return commit
