"""Git's own folder of one repository: marked while it is written, made anew when it is damaged."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from oduflow.adapters.git.calls import call, read
from oduflow.adapters.git.connections import Connection
from oduflow.adapters.git.failures import GitFailed, explain, unexplained
from oduflow.adapters.git.invocation import RepositoryPaths, local_invocation
from oduflow.adapters.git.limits import AbortCheck, RepositoryLimits
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.files.disk_quota import DiskQuota

_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_UNFINISHED = "unfinished"
_HEAD = "HEAD"
_FETCH = ("fetch", "--depth=1", "--no-tags", "--no-recurse-submodules", "--progress")


@dataclass(frozen=True, slots=True)
class GitFolder:
    """One repository's folder, and the limits of all that is run in it.

    The file `unfinished` marks a folder that is being written. A kill or an error leaves it
    behind, and the next `prepare` then makes the folder anew.
    """

    git_dir: Path
    limits: RepositoryLimits
    monitor: ProgressMonitor

    @property
    def mark(self) -> Path:
        """The file that marks the folder as unfinished."""
        return self.git_dir / _UNFINISHED

    def prepare(self, *options: str, work_tree: Path | None = None) -> None:
        """Mark the folder and run `git init` in it with the given options."""
        if self.mark.exists():
            shutil.rmtree(self.git_dir)
        self.git_dir.mkdir(parents=True, exist_ok=True)
        self.mark.touch()
        (self.git_dir / "config").unlink(missing_ok=True)  # init writes a plain one
        self.run("init", "--quiet", *options, "--template=", work_tree=work_tree)

    def fetch(
        self,
        connection: Connection,
        source: str,
        ref: str,
        quota: DiskQuota,
        work_tree: Path | None = None,
    ) -> None:
        """Download the commit of a ref, or a commit itself, without history, as a ref of ours."""
        abort_check = AbortCheck(
            f"downloading from {connection.remote.host}",
            self.limits.fetch_seconds,
            cancelled=self.monitor.cancelled,
            quota=quota,
        )
        paths, refs = RepositoryPaths(self.git_dir, work_tree), (f"+{source}:{ref}",)
        connection.call(_FETCH, refs, paths, abort_check, self.monitor.on_progress)

    def checked_out(self, work_tree: Path) -> str:
        """Return the commit that is checked out without a branch; no program runs for it."""
        return _detached(self.git_dir) or self.run(
            "rev-parse", "--verify", "HEAD^{commit}", work_tree=work_tree
        )

    def run(
        self,
        *arguments: str,
        quota: DiskQuota | None = None,
        work_tree: Path | None = None,
        index: Path | None = None,
        enough: int = 0,
    ) -> str:
        """Run a git command that reaches no server, and return its output.

        Args:
            arguments: the command and its arguments.
            quota: of the folders that it fills.
            work_tree: the checkout, for a command that needs one.
            index: an index to use in place of the folder's own.
            enough: after so many bytes of output git is ended; 0 for all of it.
        """
        abort_check = AbortCheck(
            "writing the checkout",
            self.limits.write_seconds,
            cancelled=self.monitor.cancelled,
            quota=quota,
        )
        invocation = local_invocation(RepositoryPaths(self.git_dir, work_tree), index)
        return call(arguments, invocation, abort_check, self.monitor.on_progress, enough=enough)

    def read(self, *arguments: str, stdin: BinaryIO | None = None, most: int) -> bytes:
        """Run a git command on git's own folder, and return its output as it is.

        Args:
            arguments: the command and its arguments.
            stdin: a real file to read from; nothing by default.
            most: bytes that the output may have.

        Raises:
            GitFailed: it ended with an error.
            QuotaReached: the output is larger.
        """
        seconds, cancelled = self.limits.write_seconds, self.monitor.cancelled
        abort_check = AbortCheck("reading the repository", seconds, cancelled=cancelled)
        invocation = local_invocation(RepositoryPaths(self.git_dir))
        return read(arguments, invocation, abort_check, stdin=stdin, most=most)

    def fill(
        self,
        attempt: Callable[[], str],
        connection: Connection,
        written: str,
        work_tree: Path | None = None,
    ) -> str:
        """Run an attempt to fill the folder; when git fails, once more in a folder made anew.

        Args:
            attempt: begins with `prepare`, removes the mark at its end, and returns a commit.
            connection: the server.
            written: what cannot be written when the disk fails: "checkout".
            work_tree: a folder whose path no message may show.
        """
        try:
            try:
                return attempt()
            except GitFailed:  # the mark was left behind, so `prepare` makes the folder anew
                return attempt()
        except GitFailed as cause:
            remote, paths = connection.remote, RepositoryPaths(self.git_dir, work_tree)
            raise explain(cause, remote, paths) or unexplained(cause, remote, paths) from cause
        except OSError as cause:
            raise unwritable(written) from cause


def finished_commit(git_dir: Path) -> str:
    """Return the commit that a finished checkout is at; empty for any other. No program runs."""
    if (git_dir / _UNFINISHED).exists() or not (git_dir / _HEAD).is_file():
        return ""
    return _detached(git_dir)


def _detached(git_dir: Path) -> str:
    """Return the commit of HEAD (gitrepository-layout(5)); empty when it names a branch."""
    head = (git_dir / _HEAD).read_text("ascii").strip()
    return head if _COMMIT.fullmatch(head) else ""


def unwritable(what: str) -> UpstreamFailed:
    """Make the error for a folder that cannot be written."""
    return UpstreamFailed(
        f"The {what} cannot be written.", "Run `oduflow doctor`: it checks disk and rights."
    )
