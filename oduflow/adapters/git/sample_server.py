"""The git server of the sample addons, which runs with `sample = true`."""

from pathlib import Path

from oduflow.adapters.git.http_backend import HttpBackend
from oduflow.adapters.git.loopback_server import LoopbackServer


class SampleGitServer(LoopbackServer):
    """Serves bare repositories on this machine, for reading and without a password.

    Args:
        bare_repo_root: folder of the repositories, such as `{data_dir}/sample`.
        port: loopback port; environments store it as part of their repository's URL.
    """

    def __init__(self, bare_repo_root: Path, port: int) -> None:
        super().__init__(HttpBackend(bare_repo_root), port)

    def url(self, repository: str) -> str:
        """Return the URL of a repository in the root, such as `addons.git`."""
        return f"http://{self.authority}/{repository}"
