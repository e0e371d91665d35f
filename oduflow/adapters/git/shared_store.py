"""A team's own copy of a repository: the newest commit of each branch that was asked for.

Bare, and without history. Checkouts of it share nothing with git's folder, so that they can be
mounted while a later fetch goes on.
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.git.calls import call
from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.failures import GitFailed, explain, unexplained
from oduflow.adapters.git.limits import DiskMeter, Limits, Watch
from oduflow.adapters.git.settings import Place, local_settings
from oduflow.domain.errors import Failure, NotFound, UpstreamFailed

_UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class SharedStore:
    """Git's folder of one repository, within limits, under the caller's eyes."""

    git_dir: Path
    limits: Limits
    on_progress: Callable[[str], None]
    cancelled: Callable[[], bool]

    def fetch(self, connection: Connection, branch: str) -> str:
        """Bring the branch's newest commit here and answer it.

        Git's folder carries a mark while it is written. Where the mark was left behind, or git
        finds fault with its folder, that folder is made anew: with it goes what was fetched of
        other branches, which `holds` tells and another fetch brings back.

        Raises:
            Cancelled, QuotaReached, UpstreamFailed, NotFound: see `GitRepositories.fetch`.
        """
        place = Place(self.git_dir)
        try:
            try:
                return self._attempt(connection, branch)
            except GitFailed:  # the mark is still there, so this one starts afresh
                return self._attempt(connection, branch)
        except GitFailed as cause:
            known = explain(cause, connection.remote, place)
            raise known or unexplained(cause, connection.remote, place) from cause
        except OSError as cause:
            raise _unwritable() from cause

    def holds(self, commit: str) -> bool:
        """Whether a commit is here, and nothing was left half-written."""
        if not self.git_dir.is_dir() or self._mark.exists():
            return False
        try:
            self._local("cat-file", "-e", f"{commit}^{{tree}}")
        except GitFailed:
            return False
        return True

    def check_out(self, commit: str, work_tree: Path) -> None:
        """Write a commit's files into a new folder.

        Raises:
            Cancelled: `cancelled` answered yes.
            NotFound: the commit is not here, or not whole.
            QuotaReached: it is too large, or the disk is full.
            UpstreamFailed: the folder cannot be written.
        """
        meter = DiskMeter((self.git_dir, work_tree), self.limits.repository_bytes)
        index = self.git_dir / "index"  # of an earlier checkout, into another folder
        try:
            work_tree.mkdir(parents=True)
            work_tree.chmod(0o755)  # the container's user reads it, whatever our umask is
            index.unlink(missing_ok=True)
            self._local("read-tree", "--reset", "-u", "-v", commit, meter=meter, tree=work_tree)
            index.unlink(missing_ok=True)
        except GitFailed as cause:
            self._mark.touch()  # the next fetch makes it anew
            raise NotFound(
                "The copy of the extra repo is damaged; it will be fetched anew.", "Call again."
            ) from cause
        except OSError as cause:
            raise _unwritable() from cause
        meter.check(at_once=True)

    def tidy(self) -> None:
        """Forget the commits that no branch is at any more; failing costs space, nothing else."""
        try:
            self._local("gc", "--quiet", "--prune=now")
        except GitFailed:
            self._mark.touch()

    @property
    def _mark(self) -> Path:
        return self.git_dir / _UNFINISHED

    def _attempt(self, connection: Connection, branch: str) -> str:
        meter = DiskMeter((self.git_dir,), self.limits.repository_bytes)
        self._prepare()
        # Named by digest: as files, branches a and a/b cannot be beside each other.
        ref = f"refs/oduflow/{hashlib.sha256(branch.encode()).hexdigest()[:32]}"
        watch = Watch(
            f"downloading from {connection.remote.host}",
            self.limits.fetch_seconds,
            cancelled=self.cancelled,
            meter=meter,
        )
        command = ("fetch", "--depth=1", "--no-tags", "--no-recurse-submodules", "--progress")
        place = Place(self.git_dir)
        try:
            connection.call(
                command, (f"+refs/heads/{branch}:{ref}",), place, watch, self.on_progress
            )
        except Failure as failure:
            if isinstance(failure.__cause__, GitFailed):
                self._mark.unlink()  # git ended by itself, in order: what is here stays good
            raise
        commit = self._local("rev-parse", "--verify", f"{ref}^{{commit}}", meter=meter)
        meter.check(at_once=True)
        self._mark.unlink()
        return commit

    def _prepare(self) -> None:
        if self._mark.exists():
            shutil.rmtree(self.git_dir)
        self.git_dir.mkdir(parents=True, exist_ok=True)
        self._mark.touch()
        (self.git_dir / "config").unlink(missing_ok=True)  # init writes a plain one
        self._local("init", "--quiet", "--bare", "--template=")

    def _local(
        self, *arguments: str, meter: DiskMeter | None = None, tree: Path | None = None
    ) -> str:
        watch = Watch(
            "writing the checkout",
            self.limits.write_seconds,
            cancelled=self.cancelled,
            meter=meter,
        )
        return call(arguments, local_settings(Place(self.git_dir, tree)), watch, self.on_progress)


def _unwritable() -> UpstreamFailed:
    return UpstreamFailed(
        "The extra repo cannot be written.", "Run `oduflow doctor`: it checks disk and rights."
    )
