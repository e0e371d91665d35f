"""Download a commit into git's folder of a checkout that is in use."""

from pathlib import Path

from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.failures import GitFailed, explain, unexplained
from oduflow.adapters.git.git_folder import GitFolder, unwritable
from oduflow.adapters.git.invocation import RepositoryPaths
from oduflow.files.disk_quota import DiskQuota

_INCOMING = "refs/oduflow/incoming"
_LOCKS = ("shallow.lock", "packed-refs.lock", f"{_INCOMING}.lock")


def fetch_commit(
    connection: Connection,
    folder: GitFolder,
    work_tree: Path,
    source: str,
    whole: DiskQuota | None = None,
) -> str:
    """Download the newest commit of a ref, or a commit itself, without history.

    Unlike `Checkout.fill` it never makes git's folder anew: states of the checkout are kept there.

    Args:
        connection: the server.
        folder: git's own.
        work_tree: the checkout, whose files stay.
        source: what to download.
        whole: of what the two are parts of; None where they are the whole.

    Returns:
        The commit.

    Raises:
        Cancelled, QuotaReached, UpstreamFailed, NotFound: see `GitRepositories.fetch_commit`.
    """
    remote, paths = connection.remote, RepositoryPaths(folder.git_dir, work_tree)
    quota = whole or folder.limits.quota(folder.git_dir, work_tree)
    try:
        for name in _LOCKS:  # of a killed call: the caller holds the environment
            (folder.git_dir / name).unlink(missing_ok=True)
        folder.fetch(connection, source, _INCOMING, quota, work_tree)
        incoming = f"{_INCOMING}^{{commit}}"
        commit = folder.run("rev-parse", "--verify", incoming, quota=quota, work_tree=work_tree)
    except GitFailed as cause:
        raise explain(cause, remote, paths) or unexplained(cause, remote, paths) from cause
    except OSError as cause:
        raise unwritable("checkout") from cause
    quota.check(at_once=True)
    return commit
