"""Push one commit to a branch, never by force, and prove that the branch is at it."""

import re

from oduflow.adapters.git.branches import HEADS
from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.failures import AccessRefused, GitFailed, unexplained
from oduflow.adapters.git.git_folder import GitFolder
from oduflow.adapters.git.heads import default_and_head
from oduflow.adapters.git.invocation import NO_REPOSITORY, RepositoryPaths
from oduflow.adapters.git.limits import AbortCheck
from oduflow.domain.errors import Conflict, UpstreamFailed
from oduflow.domain.next_call import Next

# Hooks are switched off for every call (core.hooksPath).
_PUSH = ("push", "--no-verify", "--recurse-submodules=no", "--no-follow-tags")
_REJECTED = re.compile(r"! \[(?P<by>rejected|remote rejected)\] .* \((?P<why>.+)\)$", re.MULTILINE)
_BEHIND = frozenset({"fetch first", "non-fast-forward", "needs force", "stale info"})
_SHOWN_CHARACTERS = 200


def push_commit(connection: Connection, folder: GitFolder, commit: str, branch: str) -> None:
    """Push a commit and ask the server for the branch's commit afterwards.

    Pushing what the branch is at already changes nothing.

    Raises:
        AccessRefused: the credential may not push, or there is none.
        Cancelled: the job was cancelled before the push ended.
        Conflict: the branch has other commits, or the server refuses this push; says why.
        UpstreamFailed: the server cannot be reached, or the branch is not at the commit.
    """
    remote, limits, monitor = connection.remote, folder.limits, folder.monitor
    abort_check = AbortCheck(
        f"pushing to {remote.host}", limits.fetch_seconds, cancelled=monitor.cancelled
    )
    paths = RepositoryPaths(folder.git_dir)
    ref = f"{commit}:{HEADS}{branch}"
    try:
        connection.call(_PUSH, (ref,), paths, abort_check, monitor.on_progress)
    except AccessRefused as refused:
        raise AccessRefused(
            f"{refused.message.rstrip('.')}, to push.",
            "Add a credential that may write to the repository, then call again.",
            Next.of("setup_repo_auth", "adds a credential"),
            output=refused.output,
        ) from refused
    except GitFailed as cause:
        raise _rejection(cause, connection, branch) or unexplained(cause, remote, paths) from cause
    _, found = head_on_server(connection, branch, limits.ask_seconds)
    if found != commit:
        raise UpstreamFailed(
            f"{remote.host} took the push, but {branch} is at {found[:12] or 'no commit'}, not at "
            f"{commit[:12]}.",
            "Another push may have come at the same moment; look at the branch.",
        )


def head_on_server(connection: Connection, branch: str, seconds: float) -> tuple[str, str]:
    """Return the default branch, and the commit of a branch; empty for none.

    Raises:
        Failure: see `Connection.call`.
    """
    try:
        return default_and_head(connection, branch, seconds)
    except GitFailed as cause:
        raise unexplained(cause, connection.remote, NO_REPOSITORY) from cause


def _rejection(cause: GitFailed, connection: Connection, branch: str) -> Conflict | None:
    """Return the failure for a push that was rejected; None for another message."""
    found = _REJECTED.search(cause.text)
    if found is None:
        return None
    host, why = connection.remote.host, found["why"][:_SHOWN_CHARACTERS]
    if why in _BEHIND:
        return Conflict(
            f"{branch} on {host} has commits that the environment does not have.",
            "Push to another branch, or bring the environment to the branch's newest commit.",
        )
    return Conflict(
        f"{host} refuses the push to {branch}: {why}.",
        "Push to another branch, if its rules do not allow this one.",
        output="\n".join(line for line in cause.text.splitlines() if line.startswith("remote:")),
    )
