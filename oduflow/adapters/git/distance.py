"""Count and list the commits between two commits of a branch, without downloading any file."""

from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.git_folder import GitFolder
from oduflow.adapters.git.invocation import RepositoryPaths
from oduflow.adapters.git.limits import AbortCheck
from oduflow.domain.commits import CommitLine
from oduflow.domain.errors import NotFound, QuotaReached, UpstreamFailed
from oduflow.domain.masking import redact

MOST_COMMITS = 200  # generations that are looked through
_SECONDS = 20.0
_CHARACTERS = 200  # of a subject
_UNKNOWN = (GitFailed, UpstreamFailed, NotFound, QuotaReached, OSError, ValueError)
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
    try:
        _fetch(connection, folder, source)
        folder.run("merge-base", "--is-ancestor", since, _REF)
        return int(folder.run("rev-list", "--count", f"{since}..{_REF}"))
    except _UNKNOWN:
        return None


def list_commits(
    connection: Connection, folder: GitFolder, source: str, since: str, most: int
) -> tuple[CommitLine, ...] | None:
    """Return the newest commits of a ref that come after a commit, the newest first.

    Args:
        connection: the server.
        folder: gets the history, and nothing else.
        source: the ref.
        since: the commit.
        most: how many.

    Returns:
        None as in `count_commits`.
    """
    try:
        _fetch(connection, folder, source)
        folder.run("merge-base", "--is-ancestor", since, _REF)
        log = ("log", f"--max-count={most}", "--format=%H %s", "-z", f"{since}..{_REF}")
        lines = folder.run(*log).split("\0")
    except _UNKNOWN:
        return None
    pairs = (line.partition(" ")[::2] for line in lines if line)
    return tuple(CommitLine(commit=commit, subject=_shown(text)) for commit, text in pairs)


def _fetch(connection: Connection, folder: GitFolder, source: str) -> None:
    quota = folder.limits.quota(folder.git_dir)
    abort_check = AbortCheck("counting commits", _SECONDS, quota=quota)
    folder.prepare("--bare")
    paths = RepositoryPaths(folder.git_dir)
    connection.call(_FETCH, (f"+{source}:{_REF}",), paths, abort_check)


def _shown(subject: str) -> str:
    """Return an untrusted text as one line without control characters and secrets."""
    return redact("".join(each if each.isprintable() else " " for each in subject[:_CHARACTERS]))
