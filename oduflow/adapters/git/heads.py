"""The commit that a name means on a server: a branch's newest one, a tag's, or a commit itself."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from oduflow.adapters.git.branches import (
    HEADS,
    TAGS,
    candidates,
    first_names,
    is_commit_id,
    is_shortened_commit_id,
    similar,
)
from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.failures import GitFailed, unexplained
from oduflow.adapters.git.invocation import NO_REPOSITORY
from oduflow.adapters.git.limits import AbortCheck
from oduflow.domain.errors import NotFound

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SYMBOLIC = "ref: "
_PEELED = "^{}"  # the commit that an annotated tag points to
_HEAD = "HEAD"
_NO_BRANCHES = "It has no branches; push a first commit."

IsCancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class RemoteHead:
    """A name on a server, and the commit that it means.

    Args:
        branch: the name, of a branch in most cases.
        commit: the newest commit.
        source: what to fetch: a whole ref, or a commit id.
    """

    branch: str
    commit: str
    source: str


def find_branch(
    connection: Connection, name: str, seconds: float, cancelled: IsCancelled = lambda: False
) -> RemoteHead:
    """Ask the server for one branch, and it sends no other; a tag, ref or commit id counts too.

    Raises:
        Cancelled: `cancelled` answered yes.
        NotFound: there is none of that name; the hint names similar branches and tags.
        Failure: see `Connection.call`.
    """
    if name == _HEAD:
        return find_default(connection, seconds, cancelled)
    refs = candidates(name)
    patterns = (*refs, *(ref + _PEELED for ref in refs if not ref.startswith(HEADS)))
    advertised = _ask(connection, seconds, *patterns, cancelled=cancelled)
    for ref in refs:
        if commit := advertised.get(ref + _PEELED, advertised.get(ref)):
            return RemoteHead(name, commit, ref)
    if is_commit_id(name):
        return RemoteHead(name, name, name)
    where = f"{connection.remote.path} on {connection.remote.host}"
    if is_shortened_commit_id(name):
        raise NotFound(
            f"{where} has no branch {name}, which looks like a shortened commit id.",
            "Give all 40 digits of the commit: git rev-parse writes them.",
        )
    named = _names(connection, seconds, HEADS, TAGS, cancelled=cancelled)
    raise NotFound(f"{where} has no branch or tag {name}.", _instead(name, named))


def find_default(
    connection: Connection, seconds: float, cancelled: IsCancelled = lambda: False
) -> RemoteHead:
    """Ask the server for its default branch, to which its HEAD points.

    Raises:
        Cancelled: `cancelled` answered yes.
        NotFound: the repository is empty, or its HEAD is not a branch.
        Failure: see `Connection.call`.
    """
    advertised = _ask(connection, seconds, _HEAD, cancelled=cancelled)
    target = advertised.get(_SYMBOLIC, "")
    branch = target.removeprefix(HEADS)
    if branch and _HEAD in advertised:
        return RemoteHead(branch, advertised[_HEAD], target)
    where = f"{connection.remote.path} on {connection.remote.host}"
    message = f"{where} has no default branch."
    if _HEAD in advertised:
        detached = f"its HEAD is detached, at {advertised[_HEAD][:12]}"
        message = f"{where} has no default branch: {detached}."
    branches = first_names(_names(connection, seconds, HEADS, cancelled=cancelled))
    raise NotFound(message, f"Name a branch: {branches}." if branches else _NO_BRANCHES)


def default_and_head(
    connection: Connection, branch: str, seconds: float, cancelled: IsCancelled = lambda: False
) -> tuple[str, str]:
    """Return the server's default branch, and the commit that a branch is at; empty for none.

    Raises:
        Cancelled: `cancelled` answered yes.
        Failure: see `Connection.call`.
    """
    advertised = _ask(connection, seconds, _HEAD, HEADS + branch, cancelled=cancelled)
    default = advertised.get(_SYMBOLIC, "").removeprefix(HEADS)
    return default, advertised.get(HEADS + branch, "")


def reach(connection: Connection, seconds: float) -> None:
    """Check that the server lets us read the repository; an empty one counts as well.

    Raises:
        Failure: see `Connection.call`.
    """
    try:
        _ask(connection, seconds, "HEAD")
    except GitFailed as cause:
        raise unexplained(cause, connection.remote, NO_REPOSITORY) from cause


def _instead(name: str, known: list[str]) -> str:
    """Return what to give in place of a missing name."""
    if alike := similar(name, known):
        return f"Did you mean: {', '.join(alike)}?"
    return f"It has {first_names(known)}." if known else _NO_BRANCHES


def _names(
    connection: Connection, seconds: float, *folders: str, cancelled: IsCancelled
) -> list[str]:
    """Return the names below `refs/heads/`, or `refs/tags/`, each once."""
    refs = _ask(connection, seconds, *(f"{each}*" for each in folders), cancelled=cancelled)
    names = (
        ref.removeprefix(folder)
        for folder in folders
        for ref in refs
        if ref.startswith(folder) and not ref.endswith(_PEELED)
    )
    return list(dict.fromkeys(names))


def _ask(
    connection: Connection,
    seconds: float,
    *patterns: str,
    cancelled: IsCancelled = lambda: False,
) -> dict[str, str]:
    """Return commits by ref, and under "ref: " the target of HEAD (git-ls-remote(1), --symref)."""
    doing = f"asking {connection.remote.host} for its branches"
    abort_check = AbortCheck(doing, seconds, cancelled=cancelled)
    answer = connection.call(("ls-remote", "--symref"), patterns, NO_REPOSITORY, abort_check)
    advertised = {}
    for line in answer.splitlines():
        value, _, ref = line.partition("\t")
        if _COMMIT.fullmatch(value):
            advertised[ref] = value
        elif value.startswith(_SYMBOLIC) and ref == _HEAD:
            advertised[_SYMBOLIC] = value.removeprefix(_SYMBOLIC)
    return advertised
