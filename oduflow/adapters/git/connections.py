"""The connection to one repository on a server, after every check of its URL and address."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from oduflow.adapters.git.calls import call
from oduflow.adapters.git.failures import REDIRECT, GitFailed, explain, redirected
from oduflow.adapters.git.invocation import GitInvocation, RepositoryPaths, remote_invocation
from oduflow.adapters.git.offered_credential import NO_CREDENTIAL, OfferedCredential
from oduflow.adapters.git.urls import RemoteUrl
from oduflow.domain.errors import Failure

_LOCATION = re.compile(r"Recv header: location: (\S+)", re.IGNORECASE)


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
        failure: Failure | None = None
        if REDIRECT.search(cause.text):
            failure = redirected(self._location(invocation, abort_check), self.remote)
        failure = failure or explain(cause, self.remote, paths, self.offered)
        if failure is None:
            raise cause
        raise failure from cause

    def _location(self, invocation: GitInvocation, abort_check: Callable[[], None]) -> str:
        """Return where the server redirects the repository, empty when it does not tell.

        Git shows the header only in its trace, in which it masks the credential.
        """
        traced = {"GIT_TRACE_CURL": "1", "GIT_TRACE_CURL_NO_DATA": "1"}
        asked = replace(invocation, environment={**invocation.environment, **traced})
        try:
            call(("ls-remote", "--", self.remote.clean, "HEAD"), asked, abort_check)
        except GitFailed as said:
            found = _LOCATION.findall(self.offered.hide(said.text))
            return found[-1] if found else ""
        return ""
