"""A checkout of a branch: filled once, repaired when it was left half made."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.git.calls import call
from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.failures import GitFailed, explain, unexplained
from oduflow.adapters.git.limits import DiskMeter, Limits, Watch
from oduflow.adapters.git.settings import Place, local_settings
from oduflow.domain.errors import UpstreamFailed

# One ref of our own, whatever the branch: a and a/b cannot follow each other as files.
_FETCHED = "refs/oduflow/fetched"
_UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A place to fill from a server, within limits, under the caller's eyes."""

    connection: Connection
    git_dir: Path
    work_tree: Path
    limits: Limits
    on_progress: Callable[[str], None]
    cancelled: Callable[[], bool]

    @property
    def place(self) -> Place:
        """Both folders, as git is told."""
        return Place(self.git_dir, self.work_tree)

    def fill(self, branch: str) -> str:
        """Bring the work tree to the branch's newest commit, and to nothing else.

        The folder itself stays the same inode, as containers have it mounted. Git's folder
        carries a mark while it is written; where the mark was left behind, or git finds fault
        with its folder, that folder is made anew.

        Returns:
            The commit, 40 hexadecimal digits (64 in a SHA-256 repository).

        Raises:
            Cancelled, QuotaReached, UpstreamFailed, NotFound: see `GitRepositories.checkout`.
        """
        try:
            try:
                return self._attempt(branch)
            except GitFailed:  # the mark is still there, so this one starts afresh
                return self._attempt(branch)
        except GitFailed as cause:
            known = explain(cause, self.connection.remote, self.place)
            raise known or unexplained(cause, self.connection.remote, self.place) from cause
        except OSError as cause:
            raise UpstreamFailed(
                "The checkout cannot be written.",
                "Run `oduflow doctor`: it checks disk and rights.",
            ) from cause

    def _attempt(self, branch: str) -> str:
        meter = DiskMeter((self.git_dir, self.work_tree), self.limits.repository_bytes)
        used = self._prepare()
        self._fetch(branch, meter)
        commit = self._local("rev-parse", "--verify", f"{_FETCHED}^{{commit}}", meter=meter)
        self._local("checkout", "--force", "--detach", "--progress", commit, "--", meter=meter)
        if used:
            self._local("clean", "-ffdx", "--quiet", meter=meter)
        meter.check(at_once=True)
        (self.git_dir / _UNFINISHED).unlink()
        return commit

    def _prepare(self) -> bool:
        """Make both folders; tell whether anything lies in the work tree."""
        mark = self.git_dir / _UNFINISHED
        if mark.exists():
            shutil.rmtree(self.git_dir)
        self.git_dir.mkdir(parents=True, exist_ok=True)
        mark.touch()
        self.work_tree.mkdir(parents=True, exist_ok=True)
        self.work_tree.chmod(0o755)  # the container's user reads it, whatever our umask is
        (self.git_dir / "config").unlink(missing_ok=True)  # init writes a plain one
        self._local("init", "--quiet", "--template=")
        return any(self.work_tree.iterdir())

    def _fetch(self, branch: str, meter: DiskMeter) -> None:
        watch = Watch(
            f"downloading from {self.connection.remote.host}",
            self.limits.fetch_seconds,
            cancelled=self.cancelled,
            meter=meter,
        )
        command = ("fetch", "--depth=1", "--no-tags", "--no-recurse-submodules", "--progress")
        refs = (f"+refs/heads/{branch}:{_FETCHED}",)
        self.connection.call(command, refs, self.place, watch, self.on_progress)

    def _local(self, *arguments: str, meter: DiskMeter | None = None) -> str:
        watch = Watch(
            "writing the checkout",
            self.limits.write_seconds,
            cancelled=self.cancelled,
            meter=meter,
        )
        return call(arguments, local_settings(self.place), watch, self.on_progress)
