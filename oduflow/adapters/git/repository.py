"""The teams' git repositories: branches, checkouts and shared copies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from oduflow.adapters.git.branches import check_branch, likely_source
from oduflow.adapters.git.checkouts import Checkout
from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.credentials.entries import Entry
from oduflow.adapters.git.credentials.private_urls import read_private_url
from oduflow.adapters.git.credentials.store import describe, in_memory_helper
from oduflow.adapters.git.distance import count_commits, list_commits
from oduflow.adapters.git.edits import Edits
from oduflow.adapters.git.failures import AccessRefused, GitFailed, Redirected, unexplained
from oduflow.adapters.git.git_folder import GitFolder
from oduflow.adapters.git.heads import RemoteHead, find_branch, find_default, reach
from oduflow.adapters.git.incoming import fetch_commit
from oduflow.adapters.git.invocation import NO_REPOSITORY
from oduflow.adapters.git.pushes import head_on_server, push_commit
from oduflow.adapters.git.servers import GitServers
from oduflow.adapters.git.shared_store import SharedStore
from oduflow.adapters.git.states import States
from oduflow.adapters.git.submodules import Submodules
from oduflow.adapters.git.urls import RemoteUrl
from oduflow.adapters.git.work_trees import WorkTree
from oduflow.domain.commits import CommitLine
from oduflow.domain.errors import NotFound
from oduflow.domain.progress_monitor import UNWATCHED, ProgressMonitor
from oduflow.files.private import make_folder
from oduflow.files.process_mark import process_mark

_HISTORY_BYTES = 64 * 1024**2


class GitRepositories(GitServers):
    """Reads and writes repositories on git servers, and their checkouts."""

    def resolve_branch(
        self, url: str, branch: str | None, *, team: str, monitor: ProgressMonitor | None = None
    ) -> RemoteHead:
        """Ask the server for a branch's newest commit; without a branch, for its default branch.

        A tag, a whole ref such as `refs/pull/7/head`, or a whole commit id counts as a branch.

        Raises:
            Cancelled: `monitor.cancelled` answered yes.
            Invalid: the URL or the branch is not one, or the URL leads to a private address.
            NotFound: no such repository or branch; the hint names similar branches.
            UpstreamFailed: the server cannot be reached, hangs, or wants a credential.
        """
        if branch is not None:
            check_branch(branch)

        seconds, cancelled = self.limits.ask_seconds, (monitor or UNWATCHED).cancelled

        def ask(connection: Connection) -> RemoteHead:
            try:
                if branch is None:
                    return find_default(connection, seconds, cancelled)
                return find_branch(connection, branch, seconds, cancelled)
            except GitFailed as cause:
                raise unexplained(cause, connection.remote, NO_REPOSITORY) from cause

        return self.with_server(url, team, ask, monitor)

    def count_commits(self, url: str, source: str, *, since: str, team: str) -> int | None:
        """Count the commits of a branch after one of its commits; no file is downloaded.

        Args:
            url: the repository.
            source: the branch's ref, as `RemoteHead` names it.
            since: a commit.
            team: whose credential to use.

        Returns:
            None when the branch does not lead back to the commit within some 200 commits, or the
            server does not tell.
        """
        with self._history() as folder:
            return self.with_server(
                url, team, lambda connection: count_commits(connection, folder, source, since)
            )

    def list_commits(
        self, url: str, source: str, *, since: str, team: str, most: int
    ) -> tuple[CommitLine, ...] | None:
        """Return the newest commits of a branch after one of its commits, the newest first.

        Args:
            url: the repository.
            source: the branch's ref, or a commit.
            since: a commit.
            team: whose credential to use.
            most: how many.

        Returns:
            None where `count_commits` returns None.
        """
        with self._history() as folder:
            return self.with_server(
                url,
                team,
                lambda connection: list_commits(connection, folder, source, since, most),
            )

    def read_private_url(self, url: str, path: str | None) -> tuple[RemoteUrl, Entry]:
        """Split a URL into the repository and the credential in it; no server is asked.

        Raises:
            Invalid: see `private_urls.read_private_url`.
        """
        return read_private_url(url, path, self._allowed_hosts)

    def prove(self, remote: RemoteUrl, entry: Entry, *, team: str) -> bool:
        """Ask the server with one credential and no other; no file ever holds it.

        Args:
            remote: the repository.
            entry: the credential.
            team: whose place among git's calls to use.

        Returns:
            True when the credential opens a repository that is closed without one; False when
            the repository is public, so that the server did not check the credential.

        Raises:
            AccessRefused, NotFound: the credential does not open the repository.
            Invalid, UpstreamFailed: as in `resolve_branch`.
        """
        with self.place(team):
            try:
                return self._prove(remote, entry)
            except Redirected as moved:
                return self._prove(moved.followed(), entry)

    def checkout(
        self,
        url: str,
        branch: str,
        *,
        team: str,
        git_dir: Path,
        work_tree: Path,
        monitor: ProgressMonitor = UNWATCHED,
    ) -> str:
        """Make a folder hold a branch's newest commit, without its history.

        Submodules that are public and on the same server are checked out too, at their pinned
        commits and one level deep; the places of others stay empty.

        The call may be repeated, also after a crash: existing objects are reused, a damaged git
        folder is made anew, and `work_tree` itself is never replaced. Symbolic links are written
        as the repository has them; code that reads the folder on the host must not follow them.
        After an error both folders may be incomplete, and the caller removes them.

        Args:
            url: the repository.
            branch: its branch, or what else `resolve_branch` knows.
            team: whose credential to use.
            git_dir: git's own folder, outside of `work_tree` and of every mount.
            work_tree: the checkout; made when missing.
            monitor: gets git's progress, and is asked about ten times a second whether to stop.

        Returns:
            The commit.

        Raises:
            Cancelled: `cancelled` answered yes.
            Invalid, NotFound, UpstreamFailed: as in `resolve_branch`.
            QuotaReached: the repository is too large, or the disk is full.
        """
        folder = GitFolder(git_dir, self.limits, monitor)
        commit = self._download(
            url,
            branch,
            team,
            monitor,
            lambda connection, source: Checkout(connection, folder, work_tree).fill(source),
        )
        self.fill_submodules(url, team=team, git_dir=git_dir, work_tree=work_tree, monitor=monitor)
        return commit

    def fetch_commit(
        self,
        url: str,
        branch: str,
        *,
        team: str,
        git_dir: Path,
        work_tree: Path,
        monitor: ProgressMonitor = UNWATCHED,
    ) -> str:
        """Download a branch's newest commit into git's folder of a checkout; no file is changed.

        The call may be repeated, also after a crash.

        Args:
            url: the repository.
            branch: its branch, or what else `resolve_branch` knows.
            team: whose credential to use.
            git_dir: git's own folder.
            work_tree: the checkout, which counts in the quota.
            monitor: as in `checkout`.

        Returns:
            The commit.

        Raises:
            Cancelled, Invalid, NotFound, UpstreamFailed, QuotaReached: as in `checkout`.
        """
        folder = GitFolder(git_dir, self.limits, monitor)
        return self._download(
            url,
            branch,
            team,
            monitor,
            lambda connection, source: fetch_commit(connection, folder, work_tree, source),
        )

    def fill_submodules(
        self,
        url: str,
        *,
        team: str,
        git_dir: Path,
        work_tree: Path,
        monitor: ProgressMonitor = UNWATCHED,
    ) -> None:
        """Check out the submodules of the commit that is checked out, as `checkout` does."""
        folder = GitFolder(git_dir, self.limits, monitor)
        with self.place(team, monitor):
            Submodules(self.remote(url), folder, work_tree, self.remote, self.connection).fill()

    def fetch(
        self,
        url: str,
        branch: str,
        *,
        team: str,
        git_dir: Path,
        monitor: ProgressMonitor = UNWATCHED,
    ) -> str:
        """Download a branch's newest commit, without history, into a team's copy of a repository.

        The call may be repeated, also after a crash: a damaged copy is made anew.

        Args:
            url: the repository.
            branch: its branch, or what else `resolve_branch` knows.
            team: whose credential to use.
            git_dir: git's own folder, outside of every mount.
            monitor: as in `checkout`.

        Returns:
            The commit.

        Raises:
            Cancelled: `cancelled` answered yes.
            Invalid, NotFound, UpstreamFailed: as in `resolve_branch`.
            QuotaReached: the repository is too large, or the disk is full.
        """
        copy = self.copy(git_dir, monitor)
        return self._download(
            url,
            branch,
            team,
            monitor,
            lambda connection, source: copy.fetch(connection, branch, source),
        )

    def copy(self, git_dir: Path, monitor: ProgressMonitor = UNWATCHED) -> SharedStore:
        """Open a team's copy of a repository; no server is asked."""
        return SharedStore(GitFolder(git_dir, self.limits, monitor))

    def work_tree(
        self, git_dir: Path, files: Path, monitor: ProgressMonitor = UNWATCHED
    ) -> WorkTree:
        """Open a checkout, to keep its files and to bring them back; no server is asked."""
        return WorkTree(GitFolder(git_dir, self.limits, monitor), files)

    def edits(self, git_dir: Path, files: Path, monitor: ProgressMonitor = UNWATCHED) -> Edits:
        """Open the edits of a checkout; no server is asked."""
        scratch = None if self.scratch is None else make_folder(self.scratch)
        return Edits(GitFolder(git_dir, self.limits, monitor), files, scratch)

    def states(self, git_dir: Path, files: Path, monitor: ProgressMonitor = UNWATCHED) -> States:
        """Open the states of a checkout; no server is asked."""
        scratch = None if self.scratch is None else make_folder(self.scratch)
        return States(GitFolder(git_dir, self.limits, monitor), files, scratch)

    def head(self, url: str, branch: str, *, team: str) -> tuple[str, str]:
        """Ask the server for its default branch, and a branch's commit; empty for none.

        Raises:
            Failure: as in `resolve_branch`; a missing branch is none.
        """
        seconds = self.limits.ask_seconds
        return self.with_server(url, team, lambda server: head_on_server(server, branch, seconds))

    def push(
        self,
        url: str,
        commit: str,
        branch: str,
        *,
        team: str,
        git_dir: Path,
        monitor: ProgressMonitor = UNWATCHED,
    ) -> None:
        """Push a commit of a checkout to a branch, and prove it; see `pushes.push_commit`."""
        folder = GitFolder(git_dir, self.limits, monitor)
        self.with_server(
            url, team, lambda server: push_commit(server, folder, commit, branch), monitor
        )

    @contextmanager
    def _history(self) -> Iterator[GitFolder]:
        """Give a folder for commits without their files."""
        limits = replace(self.limits, repository_bytes=_HISTORY_BYTES)
        place = None if self.scratch is None else make_folder(self.scratch)
        with TemporaryDirectory(prefix=f"{process_mark()}-", dir=place) as scratch:
            yield GitFolder(Path(scratch) / "git", limits, UNWATCHED)

    def _prove(self, remote: RemoteUrl, entry: Entry) -> bool:
        anonymous = self.connection(remote)
        try:
            reach(anonymous, self.limits.ask_seconds)
        except (AccessRefused, NotFound):
            pass
        else:
            return False
        with in_memory_helper(entry, remote) as helper:
            with_entry = replace(anonymous, helper=helper, offered=describe(entry))
            reach(with_entry, self.limits.ask_seconds)
        return True

    def _download(
        self,
        url: str,
        branch: str,
        team: str,
        monitor: ProgressMonitor,
        fill: Callable[[Connection, str], str],
    ) -> str:
        """Download the branch of a name; if there is none, what else the name means."""
        source = likely_source(check_branch(branch))
        try:
            return self.with_server(url, team, lambda connection: fill(connection, source), monitor)
        except NotFound:
            # A second request, which only this error is worth: its hint lists the branches.
            found = self.resolve_branch(url, branch, team=team, monitor=monitor).source
            if found == source:
                raise
        return self.with_server(url, team, lambda connection: fill(connection, found), monitor)
