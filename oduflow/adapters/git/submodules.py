"""Fetch the submodules of a checkout that are public and on the repository's own server.

They are fetched without a credential: the author of a repository chooses its submodules, and the
code beside them could send away what only the team may read. `git submodule` is not run, because it
takes names, paths and URLs from the repository; each submodule is a checkout of its own, in git's
folder of the repository, one level deep.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.git.checkouts import Checkout
from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.failures import GitFailed, Redirected, unexplained
from oduflow.adapters.git.git_folder import GitFolder, unwritable
from oduflow.adapters.git.incoming import fetch_commit
from oduflow.adapters.git.invocation import NO_REPOSITORY
from oduflow.adapters.git.submodule_places import (
    DECLARATION,
    GITLINK,
    fill_places,
    has_commit,
    submodule_folder,
)
from oduflow.adapters.git.urls import RemoteUrl
from oduflow.domain.errors import Cancelled, Failure, Invalid, QuotaReached
from oduflow.domain.submodules import absolute, declared
from oduflow.files.regular import read_regular

MAX_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Submodules:
    """The submodules of one checkout.

    Args:
        repository: the repository that declares them.
        folder: git's folder of the repository.
        work_tree: its checkout.
        parse: reads a URL; raises `Invalid` for one that is refused.
        connect: connects to a repository without a credential.
    """

    repository: RemoteUrl
    folder: GitFolder
    work_tree: Path
    parse: Callable[[str], RemoteUrl]
    connect: Callable[[RemoteUrl], Connection]

    def fill(self) -> None:
        """Check out each of them at its pinned commit; leave the places of others empty.

        Raises:
            Cancelled: the caller wants it to stop.
            QuotaReached: repository and submodules are too large together, or the disk is full.
        """
        text = read_regular(self.work_tree / DECLARATION, MAX_BYTES) or ""
        urls = dict(declared(text))
        for path, commit in self._pinned(tuple(urls)) if urls else ():
            try:
                self._fill(self._remote(urls[path]), path, commit)
            except (Cancelled, QuotaReached):
                raise
            except Failure:  # the report of the checkout names the empty folder
                shutil.rmtree(self.work_tree / path, ignore_errors=True)
                (self.work_tree / path).mkdir(exist_ok=True)

    def _remote(self, url: str) -> RemoteUrl:
        own = self.repository
        remote = self.parse(absolute(url, own.clean))
        if (remote.scheme, remote.host, remote.port) != (own.scheme, own.host, own.port):
            raise Invalid("The submodule is on another server.")
        return remote

    def _fill(self, remote: RemoteUrl, path: str, commit: str) -> None:
        try:
            self._fill_from(self.connect(remote), path, commit)
        except Redirected as moved:
            self._fill_from(self.connect(moved.followed()), path, commit)

    def _fill_from(self, connection: Connection, path: str, commit: str) -> None:
        """Check a submodule out; its folder is made anew only if it holds nothing to go back to."""
        folder, place = submodule_folder(self.folder, path), self.work_tree / path
        whole = self.folder.limits.quota(self.folder.git_dir, self.work_tree)
        if not has_commit(folder, "HEAD"):
            Checkout(connection, folder, place, whole).fill(commit)
            return
        if not has_commit(folder, commit):
            place.mkdir(parents=True, exist_ok=True)
            fetch_commit(connection, folder, place, commit, whole)
        try:
            fill_places(self.folder, self.work_tree, {path: commit})
        except GitFailed as cause:
            raise unwritable("checkout") from cause
        whole.check(at_once=True)

    def _pinned(self, paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Yield those of the paths at which the commit has a submodule, each with its commit."""
        listing = ("--literal-pathspecs", "ls-files", "--stage", "-z", "--", *paths)
        try:
            entries = self.folder.run(*listing, work_tree=self.work_tree).split("\0")
        except GitFailed as cause:
            raise unexplained(cause, self.repository, NO_REPOSITORY) from cause
        for entry in entries:
            about, _, path = entry.partition("\t")
            if about.startswith(GITLINK) and path in paths:
                yield path, about.split(" ")[1]
