"""The git repositories of the teams, as the rest of the product sees them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypedDict, Unpack

from oduflow.adapters.git.addresses import Resolve, look_up, pin
from oduflow.adapters.git.branches import check_branch
from oduflow.adapters.git.checkouts import Checkout
from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.credentials.entries import Entry
from oduflow.adapters.git.credentials.private_urls import read_private_url
from oduflow.adapters.git.credentials.store import offered, tried
from oduflow.adapters.git.failures import AccessRefused, GitFailed, unexplained
from oduflow.adapters.git.heads import RemoteHead, find_branch, find_default, reach
from oduflow.adapters.git.limits import Limits
from oduflow.adapters.git.settings import NOWHERE
from oduflow.adapters.git.shared_store import SharedStore
from oduflow.adapters.git.tried import NOTHING, Tried
from oduflow.adapters.git.urls import RemoteUrl, parse_url
from oduflow.adapters.git.version import installed, require
from oduflow.domain.errors import NotFound

Helper = Callable[[str, RemoteUrl], str | None]
"""Takes a team and a remote; answers a credential helper in git's notation, None for none."""


class Told(TypedDict, total=False):
    """Who is told of long work, and may stop it.

    Attributes:
        on_progress: takes a line such as "Receiving objects: 45% (450/1000)".
        cancelled: asked about ten times a second whether to stop.
    """

    on_progress: Callable[[str], None]
    cancelled: Callable[[], bool]


def no_credential(_team: str, _remote: RemoteUrl) -> None:
    """Offer no credential, so that only public repositories are read."""


def tries_nothing(_team: str, _remote: RemoteUrl) -> Tried:
    """Say that no credential is offered."""
    return NOTHING


class GitRepositories:
    """Reads repositories of git servers for the teams.

    Args:
        allowed_hosts: private or plain-http hosts the operator vouches for, `host[:port]`.
        limits: time and disk for one repository.
        helper: chooses a team's credential for a remote.
        resolve: finds a host's addresses.
        tells: says what that credential is, for messages.
    """

    def __init__(
        self,
        *,
        allowed_hosts: tuple[str, ...] = (),
        limits: Limits | None = None,
        helper: Helper = no_credential,
        resolve: Resolve = look_up,
        tells: Callable[[str, RemoteUrl], Tried] = tries_nothing,
    ) -> None:
        self._allowed_hosts = allowed_hosts
        self._limits = limits or Limits()
        self._helper = helper
        self._resolve = resolve
        self._tells = tells
        self._git_is_known = False

    def check_git(self) -> str:
        """Answer the version of git, once it is known to be one that keeps us safe.

        Raises:
            UpstreamFailed: git is not installed, or too old.
        """
        version = installed()
        require(version)
        self._git_is_known = True
        return version

    def clean_url(self, url: str) -> str:
        """Return the form of a URL that is remembered and compared; nobody is asked.

        Raises:
            Invalid: it is no URL of a git server that may be used.
        """
        return self.remote(url).clean

    def remote(self, url: str) -> RemoteUrl:
        """Read a URL into its parts; nobody is asked.

        Raises:
            Invalid: it is no URL of a git server that may be used.
        """
        return parse_url(url, self._allowed_hosts)

    def resolve_branch(self, url: str, branch: str | None, *, team: str) -> RemoteHead:
        """Ask the server which commit a branch is at; without a branch, for its default one.

        Raises:
            Invalid: the URL or the branch is not one, or the URL leads to a private address.
            NotFound: no such repository or branch; the hint names similar branches.
            UpstreamFailed: the server cannot be reached, hangs, or wants a credential.
        """
        if branch is not None:
            check_branch(branch)
        connection = self._connect(url, team)
        try:
            if branch is None:
                return find_default(connection, self._limits.ask_seconds)
            return find_branch(connection, branch, self._limits.ask_seconds)
        except GitFailed as cause:
            raise unexplained(cause, connection.remote, NOWHERE) from cause

    def read_private_url(self, url: str, path: str | None) -> tuple[RemoteUrl, Entry]:
        """Part a URL into the repository and the credential in it; nobody is asked.

        Raises:
            Invalid: see `private_urls.read_private_url`.
        """
        return read_private_url(url, path, self._allowed_hosts)

    def prove(self, remote: RemoteUrl, entry: Entry) -> bool:
        """Ask the server with one credential and no other; kept nowhere, not even for a moment.

        Returns:
            True: it let the credential read what it lets nobody read without one. False: it lets
            anybody, so the credential was not even looked at.

        Raises:
            AccessRefused, NotFound: the credential does not open the repository.
            Invalid, UpstreamFailed: as in `resolve_branch`.
        """
        resolved = pin(remote, self._allowed_hosts, self._resolve)
        if not self._git_is_known:
            self.check_git()
        open_to_all = Connection(remote, resolved, None, self._limits.stall_seconds)
        try:
            reach(open_to_all, self._limits.ask_seconds)
        except (AccessRefused, NotFound):
            pass
        else:
            return False
        with offered(entry, remote) as helper:
            reach(replace(open_to_all, helper=helper, tried=tried(entry)), self._limits.ask_seconds)
        return True

    def checkout(
        self,
        url: str,
        branch: str,
        *,
        team: str,
        git_dir: Path,
        work_tree: Path,
        on_progress: Callable[[str], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> str:
        """Make a folder hold a branch's newest commit, without its history or submodules.

        May be repeated, also after a crash: what is there already is used, what is damaged is
        made anew, and `work_tree` itself is never replaced. Symbolic links are written as the
        repository has them; who reads the folder on the host must not follow them. After a
        failure both folders may hold a part; the caller removes them.

        Args:
            url: the repository.
            branch: its branch; the refs/heads/ is implied.
            team: whose credential to use.
            git_dir: git's own folder, outside of `work_tree` and of every mount.
            work_tree: the checkout; made when missing.
            on_progress: takes a line such as "Receiving objects: 45% (450/1000)".
            cancelled: asked about ten times a second whether to stop.

        Returns:
            The commit.

        Raises:
            Cancelled: `cancelled` answered yes.
            Invalid, NotFound, UpstreamFailed: as in `resolve_branch`.
            QuotaReached: the repository is too large, or the disk is full.
        """
        check_branch(branch)
        connection = self._connect(url, team)
        return Checkout(connection, git_dir, work_tree, self._limits, on_progress, cancelled).fill(
            branch
        )

    def fetch(
        self, url: str, branch: str, *, team: str, git_dir: Path, **told: Unpack[Told]
    ) -> str:
        """Bring a branch's newest commit, and no history, into a team's copy of a repository.

        May be repeated, also after a crash: what is damaged is made anew.

        Args:
            url: the repository.
            branch: its branch; the refs/heads/ is implied.
            team: whose credential to use.
            git_dir: git's own folder, outside of every mount.
            told: who hears of the progress and may cancel.

        Returns:
            The commit.

        Raises:
            Cancelled: `cancelled` answered yes.
            Invalid, NotFound, UpstreamFailed: as in `resolve_branch`.
            QuotaReached: the repository is too large, or the disk is full.
        """
        check_branch(branch)
        return self.copy(git_dir, **told).fetch(self._connect(url, team), branch)

    def copy(self, git_dir: Path, **told: Unpack[Told]) -> SharedStore:
        """Open a team's copy of a repository, which asks no server."""
        return SharedStore(
            git_dir,
            self._limits,
            told.get("on_progress", lambda _: None),
            told.get("cancelled", lambda: False),
        )

    def _connect(self, url: str, team: str) -> Connection:
        remote = parse_url(url, self._allowed_hosts)
        resolved = pin(remote, self._allowed_hosts, self._resolve)
        if not self._git_is_known:
            self.check_git()
        helper, shown = self._helper(team, remote), self._tells(team, remote)
        return Connection(remote, resolved, helper, self._limits.stall_seconds, shown)
