"""The way to one repository on a server, after every check."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from oduflow.adapters.git.calls import call
from oduflow.adapters.git.failures import GitFailed, explain
from oduflow.adapters.git.settings import Place, remote_settings
from oduflow.adapters.git.tried import NOTHING, Tried
from oduflow.adapters.git.urls import RemoteUrl


@dataclass(frozen=True, slots=True)
class Connection:
    """What git may use to reach a repository.

    Args:
        remote: the repository.
        resolved: the addresses to dial, a value of `http.curloptResolve`; None for a literal one.
        helper: git's credential helper for this team and remote; None for none.
        stall_seconds: how long a transfer may crawl.
        tried: the credential that the helper offers, as far as messages need to know.
    """

    remote: RemoteUrl
    resolved: str | None
    helper: str | None
    stall_seconds: int
    tried: Tried = NOTHING

    def call(
        self,
        command: Sequence[str],
        refs: Sequence[str],
        place: Place,
        watch: Callable[[], None],
        on_stage: Callable[[str], None] | None = None,
    ) -> str:
        """Run `git COMMAND -- URL REFS` and answer its output.

        Raises:
            GitFailed: for a reason nobody knows, maybe a damaged `place`.
            Failure: for a reason that git's words tell, or because `watch` raised it.
        """
        settings = remote_settings(
            self.remote,
            place,
            resolved=self.resolved,
            helper=self.helper,
            stall_seconds=self.stall_seconds,
        )

        def shown(stage: str) -> None:
            if on_stage is not None:
                on_stage(self.tried.hide(stage))

        try:
            return call((*command, "--", self.remote.clean, *refs), settings, watch, shown)
        except GitFailed as said:
            # A server may repeat what it was sent; nothing that git said goes on unseen.
            cause = GitFailed(said.status, self.tried.hide(said.text))
        failure = explain(cause, self.remote, place, self.tried)
        if failure is None:
            raise cause
        raise failure from cause
