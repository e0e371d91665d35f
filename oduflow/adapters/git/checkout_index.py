"""Git commands on a checkout with a copy of git's index.

So reading needs no lock, and a killed call leaves none. All files count, also those that
`.gitignore` names: the container cannot write into the checkout, so each was written on purpose.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from oduflow.adapters.git.failures import GitFailed, last_lines
from oduflow.adapters.git.git_folder import GitFolder
from oduflow.adapters.git.invocation import RepositoryPaths
from oduflow.domain.errors import QuotaReached, UpstreamFailed
from oduflow.files.process_mark import process_mark

_DISK_FULL = "No space left on device"
ALL = (".",)
DIFF = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")


@dataclass(frozen=True, slots=True)
class Author:
    """Who a commit is by."""

    name: str
    email: str

    def __str__(self) -> str:
        """Return it as git writes it."""
        return f"{self.name} <{self.email}>"


OWN = Author("oduflow", "oduflow@localhost")  # of commits that no server gets


@dataclass(frozen=True, slots=True)
class CheckoutIndex:
    """One checkout.

    Every method raises UpstreamFailed when git cannot read or write its folder or the checkout, and
    QuotaReached when the disk is full.

    Args:
        folder: git's own folder.
        files: the checkout.
        scratch: gets the copy of the index; None for the system's place.
    """

    folder: GitFolder
    files: Path
    scratch: Path | None = None

    @contextmanager
    def index_of(self, commit: str) -> Iterator[Path]:
        """Give an index of a commit, with what git's own one knows about unchanged files.

        The copy keeps its time of modification, by which git sees that a file may have changed in
        the moment in which the index was written.
        """
        with TemporaryDirectory(prefix=f"{process_mark()}-", dir=self.scratch) as folder:
            index = Path(folder) / "index"
            with suppress(FileNotFoundError):
                shutil.copy2(self.folder.git_dir / "index", index)
            self.git("read-tree", "--reset", commit, index=index)
            yield index

    def add(self, index: Path, paths: Sequence[str]) -> None:
        """Add what the files at the paths are, or that they are gone, to an index."""
        if paths:
            named = index.with_name("paths")
            named.write_text("\0".join(paths), "utf-8")
            selected = (f"--pathspec-from-file={named}", "--pathspec-file-nul")
            self.git("add", "--all", "--force", *selected, index=index)

    def commit_tree(self, tree: str, parent: str, author: Author, message: Path) -> str:
        """Make a commit of a tree; no ref is changed."""
        identity = [
            part
            for role in ("author", "committer")
            for part in ("-c", f"{role}.name={author.name}", "-c", f"{role}.email={author.email}")
        ]
        return self.git(*identity, "commit-tree", tree, "-p", parent, "-F", str(message))

    def resolved(self, name: str) -> str:
        """Return the commit of a name, empty when there is none."""
        try:
            return self.run("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}")
        except GitFailed:
            return ""

    def git(self, *arguments: str, index: Path | None = None, enough: int = 0) -> str:
        """Run git; see `GitFolder.run`."""
        try:
            return self.run(*arguments, index=index, enough=enough)
        except GitFailed as cause:
            raise self.unreadable(cause) from cause

    def run(self, *arguments: str, index: Path | None = None, enough: int = 0) -> str:
        """Run git.

        Raises:
            GitFailed: it ended with an error, which the caller explains.
        """
        return self.folder.run(
            "--literal-pathspecs", *arguments, work_tree=self.files, index=index, enough=enough
        )

    def unreadable(self, cause: GitFailed) -> QuotaReached | UpstreamFailed:
        """Make the error for git that cannot read or write the checkout."""
        if _DISK_FULL in cause.text:
            return QuotaReached("The server's disk is full.", "Delete environments.")
        return UpstreamFailed(
            "Git cannot read or write the checkout.",
            "See its last lines, such as a file in another encoding than `.gitattributes` "
            "says; else run `oduflow doctor`: it checks disk and rights.",
            output=last_lines(cause, RepositoryPaths(self.folder.git_dir, self.files)),
        )
