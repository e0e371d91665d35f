"""Count the commits between two commits of a branch, without downloading any file."""

from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.git_folder import GitFolder
from oduflow.adapters.git.invocation import RepositoryPaths
from oduflow.adapters.git.limits import AbortCheck
from oduflow.domain.errors import NotFound, QuotaReached, UpstreamFailed

MOST_COMMITS = 200  # generations that are looked through
_SECONDS = 20.0
_REF = "refs/oduflow/newest"
# Without trees and files (git-rev-list(1), --filter). A server that ignores the filter sends them
# too, until the folder's quota is used up.
_FETCH = (
    "fetch",
    f"--depth={MOST_COMMITS}",
    "--filter=tree:0",
    "--no-tags",
    "--no-recurse-submodules",
)


def count_commits(connection: Connection, folder: GitFolder, source: str, since: str) -> int | None:
    """Count the commits of a ref that come after a commit.

    Args:
        connection: the server.
        folder: gets the history, and nothing else.
        source: the ref.
        since: the commit.

    Returns:
        None when the commit is not among the last generations of the ref, as after a force-push,
        or when the history cannot be had.
    """
    quota = folder.limits.quota(folder.git_dir)
    abort_check = AbortCheck("counting commits", _SECONDS, quota=quota)
    try:
        folder.prepare("--bare")
        paths = RepositoryPaths(folder.git_dir)
        connection.call(_FETCH, (f"+{source}:{_REF}",), paths, abort_check)
        folder.run("merge-base", "--is-ancestor", since, _REF)
        return int(folder.run("rev-list", "--count", f"{since}..{_REF}"))
    except (GitFailed, UpstreamFailed, NotFound, QuotaReached, OSError, ValueError):
        return None
