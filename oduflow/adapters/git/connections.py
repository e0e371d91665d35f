"""The connection to one repository on a server, after every check of its URL and address."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.git.calls import call
from oduflow.adapters.git.failures import GitFailed, explain
from oduflow.adapters.git.invocation import RepositoryPaths, remote_invocation
from oduflow.adapters.git.offered_credential import NO_CREDENTIAL, OfferedCredential
from oduflow.adapters.git.urls import RemoteUrl


@dataclass(frozen=True, slots=True)
class Connection:
    """All that git may use to reach a repository.

    Args:
        remote: the repository.
        resolved: the addresses to dial, a value of `http.curloptResolve`; None when the URL
            holds an address.
        helper: git's credential helper for this team and remote; None for none.
        stall_seconds: after this long below 1,000 bytes/s, a transfer is given up.
        offered: the credential that the helper gives out, for messages.
        authorities: the file of trusted certificate authorities; None for the system's.
    """

    remote: RemoteUrl
    resolved: str | None
    helper: str | None
    stall_seconds: int
    offered: OfferedCredential = NO_CREDENTIAL
    authorities: Path | None = None

    def call(
        self,
        command: Sequence[str],
        refs: Sequence[str],
        paths: RepositoryPaths,
        abort_check: Callable[[], None],
        on_stage: Callable[[str], None] | None = None,
    ) -> str:
        """Run `git COMMAND -- URL REFS` and return its output.

        Raises:
            GitFailed: for an unknown reason, such as a damaged folder.
            Failure: for a reason that git's messages tell, or raised by `abort_check`.
        """
        invocation = remote_invocation(
            self.remote,
            paths,
            resolved=self.resolved,
            helper=self.helper,
            stall_seconds=self.stall_seconds,
            authorities=self.authorities,
        )

        def shown(stage: str) -> None:
            if on_stage is not None:
                on_stage(self.offered.hide(stage))

        try:
            return call((*command, "--", self.remote.clean, *refs), invocation, abort_check, shown)
        except GitFailed as said:
            # A server may repeat the credential it was sent, so git's messages are masked first.
            cause = GitFailed(said.status, self.offered.hide(said.text))
        failure = explain(cause, self.remote, paths, self.offered)
        if failure is None:
            raise cause
        raise failure from cause
