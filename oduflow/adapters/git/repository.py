"""The teams' git repositories: branches, checkouts and shared copies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from oduflow.adapters.git.addresses import pin
from oduflow.adapters.git.branches import check_branch, likely_source
from oduflow.adapters.git.checkouts import Checkout
from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.credentials.entries import Entry
from oduflow.adapters.git.credentials.private_urls import read_private_url
from oduflow.adapters.git.credentials.store import describe, in_memory_helper
from oduflow.adapters.git.distance import count_commits
from oduflow.adapters.git.edits import Edits
from oduflow.adapters.git.failures import AccessRefused, GitFailed, Redirected, unexplained
from oduflow.adapters.git.git_folder import GitFolder
from oduflow.adapters.git.heads import RemoteHead, find_branch, find_default, reach
from oduflow.adapters.git.invocation import NO_REPOSITORY
from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.offered_credential import NO_CREDENTIAL, OfferedCredential
from oduflow.adapters.git.pushes import head_on_server, push_commit
from oduflow.adapters.git.shared_store import SharedStore
from oduflow.adapters.git.submodules import Submodules
from oduflow.adapters.git.urls import RemoteUrl, parse_url
from oduflow.adapters.git.version import installed, require
from oduflow.adapters.git.work_trees import WorkTree
from oduflow.domain.errors import NotFound
from oduflow.domain.progress_monitor import UNWATCHED, ProgressMonitor
from oduflow.files.private import make_folder
from oduflow.files.process_mark import process_mark
from oduflow.kernel.team_places import TeamPlaces
from oduflow.net.addresses import Resolve, resolve

Helper = Callable[[str, RemoteUrl], str | None]
"""Takes a team and a remote; returns a credential helper in git's notation, None for none."""

_HISTORY_BYTES = 64 * 1024**2
# Each call may use 1 GiB of memory (`process.MEMORY_BYTES`).
CALLS_OF_A_TEAM = 3
SHARED_CALLS = 4

Answer = TypeVar("Answer")

Describer = Callable[[str, RemoteUrl], OfferedCredential]


class GitRepositories:
    """Reads repositories on git servers, with the credential of the team that asks.

    Args:
        allowed_hosts: private or plain-http hosts that the operator allows, `host[:port]`.
        limits: time and disk for one repository.
        helper: chooses a team's credential; by default none, which reads public repositories.
        resolve: finds a host's addresses.
        describe_credential: describes that credential, for messages.
        authorities: the file of trusted certificate authorities; None for the system's.
        scratch: gets short-lived folders, `<process id>-…`; None for the system's place.
    """

    def __init__(
        self,
        *,
        allowed_hosts: tuple[str, ...] = (),
        limits: RepositoryLimits | None = None,
        helper: Helper = lambda _team, _remote: None,
        resolve: Resolve = resolve,
        describe_credential: Describer = lambda _team, _remote: NO_CREDENTIAL,
        authorities: Path | None = None,
        scratch: Path | None = None,
    ) -> None:
        self._allowed_hosts = allowed_hosts
        self._limits = limits or RepositoryLimits()
        self._helper = helper
        self._resolve = resolve
        self._describe_credential = describe_credential
        self._authorities = authorities
        self._scratch = scratch
        self._git_is_known = False
        self._places = TeamPlaces("git calls", of_a_team=CALLS_OF_A_TEAM, shared=SHARED_CALLS)

    def check_git(self) -> str:
        """Return the version of git after checking that it supports every option we rely on.

        Raises:
            UpstreamFailed: git is not installed, or too old.
        """
        version = installed()
        require(version)
        self._git_is_known = True
        return version

    def clean_url(self, url: str) -> str:
        """Return the normal form of a URL, which is stored and compared; no server is asked.

        Raises:
            Invalid: it is not the URL of a git repository, or its host is not allowed.
        """
        return self.remote(url).stored

    def remote(self, url: str) -> RemoteUrl:
        """Parse a URL; no server is asked.

        Raises:
            Invalid: it is not the URL of a git repository, or its host is not allowed.
        """
        return parse_url(url, self._allowed_hosts)

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

        seconds, cancelled = self._limits.ask_seconds, (monitor or UNWATCHED).cancelled

        def ask(connection: Connection) -> RemoteHead:
            try:
                if branch is None:
                    return find_default(connection, seconds, cancelled)
                return find_branch(connection, branch, seconds, cancelled)
            except GitFailed as cause:
                raise unexplained(cause, connection.remote, NO_REPOSITORY) from cause

        return self._with_server(url, team, ask, monitor)

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
        limits = replace(self._limits, repository_bytes=_HISTORY_BYTES)
        place = None if self._scratch is None else make_folder(self._scratch)
        with TemporaryDirectory(prefix=f"{process_mark()}-", dir=place) as scratch:
            folder = GitFolder(Path(scratch) / "git", limits, UNWATCHED)
            return self._with_server(
                url, team, lambda connection: count_commits(connection, folder, source, since)
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
        folder = GitFolder(git_dir, self._limits, monitor)
        commit = self._download(
            url,
            branch,
            team,
            monitor,
            lambda connection, source: Checkout(connection, folder, work_tree).fill(source),
        )
        with self.place(team, monitor):
            Submodules(self.remote(url), folder, work_tree, self.remote, self._connection).fill()
        return commit

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
        return SharedStore(GitFolder(git_dir, self._limits, monitor))

    def work_tree(
        self, git_dir: Path, files: Path, monitor: ProgressMonitor = UNWATCHED
    ) -> WorkTree:
        """Open a checkout, to keep its files and to bring them back; no server is asked."""
        return WorkTree(GitFolder(git_dir, self._limits, monitor), files)

    def edits(self, git_dir: Path, files: Path, monitor: ProgressMonitor = UNWATCHED) -> Edits:
        """Open the edits of a checkout; no server is asked."""
        scratch = None if self._scratch is None else make_folder(self._scratch)
        return Edits(GitFolder(git_dir, self._limits, monitor), files, scratch)

    def head(self, url: str, branch: str, *, team: str) -> tuple[str, str]:
        """Ask the server for its default branch, and a branch's commit; empty for none.

        Raises:
            Failure: as in `resolve_branch`; a missing branch is none.
        """
        seconds = self._limits.ask_seconds
        return self._with_server(url, team, lambda server: head_on_server(server, branch, seconds))

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
        folder = GitFolder(git_dir, self._limits, monitor)
        self._with_server(
            url, team, lambda server: push_commit(server, folder, commit, branch), monitor
        )

    @contextmanager
    def place(self, team: str, monitor: ProgressMonitor | None = None) -> Iterator[None]:
        """Hold one of the team's places among git's calls; every method that takes a team does.

        Args:
            team: whose place.
            monitor: of work that waits as long as a download may take; others wait as long as for
                a server's answer.

        Raises:
            Busy: no place was free in time.
            Cancelled: the caller no longer waits.
        """
        seconds = self._limits.ask_seconds if monitor is None else self._limits.fetch_seconds
        with self._places.hold(team, seconds=seconds, monitor=monitor or UNWATCHED):
            yield

    def _prove(self, remote: RemoteUrl, entry: Entry) -> bool:
        anonymous = self._connection(remote)
        try:
            reach(anonymous, self._limits.ask_seconds)
        except (AccessRefused, NotFound):
            pass
        else:
            return False
        with in_memory_helper(entry, remote) as helper:
            with_entry = replace(anonymous, helper=helper, offered=describe(entry))
            reach(with_entry, self._limits.ask_seconds)
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
            return self._with_server(
                url, team, lambda connection: fill(connection, source), monitor
            )
        except NotFound:
            # A second request, which only this error is worth: its hint lists the branches.
            found = self.resolve_branch(url, branch, team=team, monitor=monitor).source
            if found == source:
                raise
        return self._with_server(url, team, lambda connection: fill(connection, found), monitor)

    def _with_server(
        self,
        url: str,
        team: str,
        work: Callable[[Connection], Answer],
        monitor: ProgressMonitor | None = None,
    ) -> Answer:
        """Do work with the server of a URL; follow one redirect to another path of the server."""
        remote = self.remote(url)
        with self.place(team, monitor):
            try:
                return work(self._connect(remote, team))
            except Redirected as moved:
                return work(self._connect(moved.followed(), team))

    def _connect(self, remote: RemoteUrl, team: str) -> Connection:
        anonymous = self._connection(remote)
        helper = self._helper(team, remote)
        return replace(anonymous, helper=helper, offered=self._describe_credential(team, remote))

    def _connection(self, remote: RemoteUrl) -> Connection:
        """Return a connection without a credential, to the addresses that were checked."""
        resolved = pin(remote, self._allowed_hosts, self._resolve)
        if not self._git_is_known:
            self.check_git()
        return Connection(
            remote, resolved, None, self._limits.stall_seconds, authorities=self._authorities
        )
