"""The newest commit of a branch on a server."""

import re
from dataclasses import dataclass

from oduflow.adapters.git.branches import similar
from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.failures import GitFailed, unexplained
from oduflow.adapters.git.invocation import NO_REPOSITORY
from oduflow.adapters.git.limits import AbortCheck
from oduflow.domain.errors import NotFound

_HEADS = "refs/heads/"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SYMBOLIC = "ref: "


@dataclass(frozen=True, slots=True)
class RemoteHead:
    """A branch of a server's repository, and its newest commit."""

    branch: str
    commit: str


def find_branch(connection: Connection, branch: str, seconds: float) -> RemoteHead:
    """Ask the server for one branch, and it sends no other.

    Raises:
        NotFound: there is no such branch; the hint names similar ones.
        Failure: see `Connection.call`.
    """
    advertised = _ask(connection, seconds, _HEADS + branch)
    if commit := advertised.get(_HEADS + branch):
        return RemoteHead(branch, commit)
    others = [ref.removeprefix(_HEADS) for ref in _ask(connection, seconds, _HEADS + "*")]
    raise NotFound(
        f"{connection.remote.path} on {connection.remote.host} has no branch {branch}.",
        f"Did you mean: {', '.join(similar(branch, others))}?" if others else "It has no branches.",
    )


def find_default(connection: Connection, seconds: float) -> RemoteHead:
    """Ask the server for its default branch, to which its HEAD points.

    Raises:
        NotFound: the repository is empty, or its HEAD is not a branch.
        Failure: see `Connection.call`.
    """
    advertised = _ask(connection, seconds, "HEAD")
    branch = advertised.get(_SYMBOLIC, "").removeprefix(_HEADS)
    if branch and "HEAD" in advertised:
        return RemoteHead(branch, advertised["HEAD"])
    raise NotFound(
        f"{connection.remote.path} on {connection.remote.host} has no default branch.",
        "Name a branch; an empty repository needs a first commit.",
    )


def reach(connection: Connection, seconds: float) -> None:
    """Check that the server lets us read the repository; an empty one counts as well.

    Raises:
        Failure: see `Connection.call`.
    """
    try:
        _ask(connection, seconds, "HEAD")
    except GitFailed as cause:
        raise unexplained(cause, connection.remote, NO_REPOSITORY) from cause


def _ask(connection: Connection, seconds: float, pattern: str) -> dict[str, str]:
    """Return commits by ref, and under "ref: " the target of HEAD (git-ls-remote(1), --symref)."""
    abort_check = AbortCheck(f"asking {connection.remote.host} for its branches", seconds)
    answer = connection.call(("ls-remote", "--symref"), (pattern,), NO_REPOSITORY, abort_check)
    advertised = {}
    for line in answer.splitlines():
        value, _, ref = line.partition("\t")
        if _COMMIT.fullmatch(value):
            advertised[ref] = value
        elif value.startswith(_SYMBOLIC) and ref == "HEAD":
            advertised[_SYMBOLIC] = value.removeprefix(_SYMBOLIC)
    return advertised
