"""The git server of the sample addons, while `sample = true`."""

from pathlib import Path

from oduflow.adapters.git.http_backend import HttpBackend
from oduflow.adapters.git.loopback_server import LoopbackServer


class SampleGitServer:
    """Serves bare repositories to this machine, for reading and without a password.

    Args:
        bare_repo_root: folder of the repositories, such as `{data_dir}/sample`.
        port: loopback port; it is part of the URL that environments remember.
    """

    def __init__(self, bare_repo_root: Path, port: int) -> None:
        self._server = LoopbackServer(HttpBackend(bare_repo_root), port)

    @property
    def authority(self) -> str:
        """What the operator would list in `git_allowed_hosts`."""
        return self._server.authority

    def url(self, repository: str) -> str:
        """Name a repository of the root, such as `addons.git`."""
        return f"http://{self.authority}/{repository}"

    def start(self) -> None:
        """Begin to answer.

        Raises:
            Conflict: the port is taken.
        """
        self._server.start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.stop()
