"""The way to git servers: parsed URLs, checked addresses, a team's credential, limited calls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from oduflow.adapters.git.addresses import pin
from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.failures import Redirected
from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.offered_credential import NO_CREDENTIAL, OfferedCredential
from oduflow.adapters.git.urls import RemoteUrl, parse_url
from oduflow.adapters.git.version import installed, require
from oduflow.domain.progress_monitor import UNWATCHED, ProgressMonitor
from oduflow.kernel.team_places import TeamPlaces
from oduflow.net.addresses import Resolve, resolve

Helper = Callable[[str, RemoteUrl], str | None]
"""Takes a team and a remote; returns a credential helper in git's notation, None for none."""

Describer = Callable[[str, RemoteUrl], OfferedCredential]

# Each call may use 1 GiB of memory (`process.MEMORY_BYTES`).
CALLS_OF_A_TEAM = 3
SHARED_CALLS = 4

Answer = TypeVar("Answer")


class GitServers:
    """Connects to git servers, with the credential of the team that asks.

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
        self.limits = limits or RepositoryLimits()
        self._helper = helper
        self._resolve = resolve
        self._describe_credential = describe_credential
        self._authorities = authorities
        self.scratch = scratch
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

    @contextmanager
    def place(
        self, team: str, monitor: ProgressMonitor | None = None, *, seconds: float | None = None
    ) -> Iterator[None]:
        """Hold one of the team's places among git's calls; every method that takes a team does.

        Args:
            team: whose place.
            monitor: of work that waits as long as a download may take; others wait as long as for
                a server's answer.
            seconds: how long to wait instead.

        Raises:
            Busy: no place was free in time.
            Cancelled: the caller no longer waits.
        """
        if seconds is None:
            seconds = self.limits.ask_seconds if monitor is None else self.limits.fetch_seconds
        with self._places.hold(team, seconds=seconds, monitor=monitor or UNWATCHED):
            yield

    def with_server(
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
        anonymous = self.connection(remote)
        helper = self._helper(team, remote)
        return replace(anonymous, helper=helper, offered=self._describe_credential(team, remote))

    def connection(self, remote: RemoteUrl) -> Connection:
        """Return a connection without a credential, to the addresses that were checked."""
        resolved = pin(remote, self._allowed_hosts, self._resolve)
        if not self._git_is_known:
            self.check_git()
        return Connection(
            remote, resolved, None, self.limits.stall_seconds, authorities=self._authorities
        )
