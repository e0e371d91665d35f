"""The edits of a checkout: its differences from a commit, discarded, brought back, or committed.

Every call works on a copy of the index, so that reading the edits needs no lock and a killed call
leaves none. All files count, also those that `.gitignore` names: the container cannot write into
the checkout, so each was written on purpose. Files inside submodules belong to other repositories
and do not count.
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
from oduflow.domain.edits import EditKind, FileEdit
from oduflow.domain.errors import Conflict, QuotaReached, UpstreamFailed
from oduflow.domain.file_paths import Parts
from oduflow.files.process_mark import process_mark

_DISK_FULL = "No space left on device"
_DISCARDED = "refs/oduflow/discarded"
_DISCARDING = "refs/oduflow/discarding"  # the same, while files are written
_PUSHING = "refs/oduflow/pushing/"
_GITLINK = "160000 "
_KINDS = {"A": EditKind.ADDED, "D": EditKind.DELETED}
_DIFF = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
_ALL = (".",)


@dataclass(frozen=True, slots=True)
class Author:
    """Who a commit is by."""

    name: str
    email: str

    def __str__(self) -> str:
        """Return it as git writes it."""
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True, slots=True)
class PendingPush:
    """A commit that is being pushed, or was when the process died."""

    branch: str
    commit: str


@dataclass(frozen=True, slots=True)
class Edits:
    """The edits of one checkout.

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

    def submodule_of(self, commit: str, parts: Parts) -> str:
        """Return the submodule of a commit in which a path is, empty for none."""
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        entries = self._git("ls-tree", "-z", "--full-tree", commit, "--", *above).split("\0")
        links = (entry.partition("\t")[2] for entry in entries if entry.startswith(_GITLINK))
        return next((path for path in links if path in above), "")

    def changed(self, commit: str, paths: Sequence[str] = ()) -> tuple[FileEdit, ...]:
        """Return the files that differ from a commit, by path.

        Args:
            commit: the commit that is checked out.
            paths: only these files, and what is in these folders; all of them by default.
        """
        with self._all_known(commit) as index:
            return self._listed(commit, *_only(paths), index=index)

    def diff(self, commit: str, paths: Sequence[str] = (), *, most: int) -> str:
        """Return the unified diff from a commit to the files, at most `most` bytes of it."""
        with self._all_known(commit) as index:
            return self._git(
                "-c",
                "core.quotePath=false",
                *_DIFF,
                commit,
                *_only(paths),
                index=index,
                enough=most,
            )

    def discard(self, commit: str, paths: Sequence[str] = ()) -> tuple[FileEdit, ...]:
        """Make files what they are in a commit, and keep what they were for `bring_back`.

        The caller excludes other writers.

        Returns:
            The edits that were discarded; with none, what was kept before stays.
        """
        if self._resolved(_DISCARDING):  # cut off: else the part that it removed would be lost
            with suppress(Conflict):
                self.bring_back(commit)
        with self._index(commit) as index:
            kept = self._commit(
                commit, paths, index, Author("oduflow", "oduflow@localhost"), "kept"
            )
            edits = self._listed(commit, kept)
            if edits:
                self._git("update-ref", _DISCARDING, kept)
                self._git("read-tree", "-m", "-u", kept, commit, index=index)
                self._git("update-ref", _DISCARDED, kept)
                self._git("update-ref", "-d", _DISCARDING)
        return edits

    def bring_back(self, commit: str) -> tuple[FileEdit, ...]:
        """Bring back the edits that `discard` removed last, and return them.

        A file that is already what it was then stays: a discard or a return may have been cut off.
        The caller excludes other writers.

        Raises:
            Conflict: nothing was discarded, another commit is checked out, or one of the files
                was edited since.
        """
        kept = self._resolved(_DISCARDING) or self._resolved(_DISCARDED)
        if not kept:
            raise Conflict("No discarded edits are kept.")
        if self._git("rev-parse", f"{kept}^") != commit:
            raise Conflict(
                "The edits were discarded at another commit than the environment has now.",
                "Write them again: the answer that discarded them has their diff.",
            )
        edits = self._listed(commit, kept)
        paths = [edit.path for edit in edits]
        again = {edit.path for edit in self.changed(commit, paths)} if edits else set()
        later = {edit.path for edit in self.changed(kept, paths)} if again else set()
        if again & later:
            raise _in_the_way(sorted(again & later))
        with self._index(commit) as index:
            self._add(index, sorted(again))
            self._git("update-index", "-q", "--refresh", index=index)
            try:
                self._run("read-tree", "-m", "-u", commit, kept, index=index)
            except GitFailed as cause:  # such as a new folder with the name of a file
                raise _in_the_way([edit.path for edit in edits]) from cause
        for name in (_DISCARDED, _DISCARDING):
            self._git("update-ref", "-d", name)
        return edits

    def commit(
        self, commit: str, paths: Sequence[str], message: str, author: Author, branch: str
    ) -> tuple[str, tuple[FileEdit, ...]]:
        """Make a commit of edits, as the one that is being pushed to a branch.

        Neither the files nor the commit that is checked out change.

        Returns:
            The commit, and the edits in it; without edits none is made, and both are empty.
        """
        with self._index(commit) as index:
            made = self._commit(commit, paths, index, author, message)
            edits = self._listed(commit, made)
            if not edits:
                return "", ()
            self.forget_push()
            self._git("update-ref", f"{_PUSHING}{branch}", made)
        return made, edits

    def pending(self, commit: str) -> PendingPush | None:
        """Return the push that a dead process left, if its commit follows the checked-out one."""
        listed = self._git("for-each-ref", "--format=%(objectname) %(refname)", _PUSHING)
        for line in listed.splitlines():
            made, _, ref = line.partition(" ")
            if self._resolved(f"{made}^") == commit:
                return PendingPush(ref.removeprefix(_PUSHING), made)
        return None

    def between(self, commit: str, made: str) -> tuple[FileEdit, ...]:
        """Return the files that a commit changes."""
        return self._listed(commit, made)

    def author(self, commit: str) -> Author:
        """Return who a commit is by."""
        name, _, email = self._git("show", "--no-patch", "--format=%an%n%ae", commit).partition(
            "\n"
        )
        return Author(name, email)

    def adopt(self, made: str) -> None:
        """Make a commit the one that is checked out; the files stay. The call may be repeated."""
        (self.folder.git_dir / "index.lock").unlink(missing_ok=True)  # of a killed call
        self._git("update-ref", "--no-deref", "HEAD", made)
        self._git("read-tree", "--reset", made)
        self._git("update-index", "-q", "--refresh")

    def forget_push(self) -> None:
        """Forget the push that is under way; none is no error."""
        for ref in self._git("for-each-ref", "--format=%(refname)", _PUSHING).split():
            self._git("update-ref", "-d", ref)

    def _commit(
        self, commit: str, paths: Sequence[str], index: Path, author: Author, message: str
    ) -> str:
        """Make a commit of the edits at the paths, after `commit`."""
        # By their names, because git refuses paths at which there is nothing.
        self._add(index, [edit.path for edit in self.changed(commit, paths)] if paths else _ALL)
        tree = self._git("write-tree", index=index)
        words = index.with_name("message")
        words.write_text(f"{message.strip()}\n", "utf-8")
        identity = [
            part
            for role in ("author", "committer")
            for part in ("-c", f"{role}.name={author.name}", "-c", f"{role}.email={author.email}")
        ]
        return self._git(*identity, "commit-tree", tree, "-p", commit, "-F", str(words))

    def _add(self, index: Path, paths: Sequence[str]) -> None:
        """Add what the files at the paths are, or that they are gone, to an index."""
        if paths:
            named = index.with_name("paths")
            named.write_text("\0".join(paths), "utf-8")
            selected = (f"--pathspec-from-file={named}", "--pathspec-file-nul")
            self._git("add", "--all", "--force", *selected, index=index)

    def _listed(self, commit: str, *others: str, index: Path | None = None) -> tuple[FileEdit, ...]:
        """List the differences from a commit to another one, or to the files."""
        fields = self._git(*_DIFF, "--name-status", "-z", commit, *others, index=index).split("\0")
        return tuple(
            FileEdit(path=path, kind=_KINDS.get(letter, EditKind.CHANGED))
            for letter, path in zip(fields[::2], fields[1::2], strict=False)
        )

    @contextmanager
    def _all_known(self, commit: str) -> Iterator[Path]:
        """Give an index that knows every file by name, so that a diff shows new ones, too."""
        with self._index(commit) as index:
            self._git("add", "--intent-to-add", "--force", "--", *_ALL, index=index)
            yield index

    @contextmanager
    def _index(self, commit: str) -> Iterator[Path]:
        """Give an index of a commit, with what git's own one knows about unchanged files.

        The copy keeps its time of modification, by which git sees that a file may have changed in
        the moment in which the index was written.
        """
        with TemporaryDirectory(prefix=f"{process_mark()}-", dir=self.scratch) as folder:
            index = Path(folder) / "index"
            with suppress(FileNotFoundError):
                shutil.copy2(self.folder.git_dir / "index", index)
            self._git("read-tree", "--reset", commit, index=index)
            yield index

    def _resolved(self, name: str) -> str:
        """Return the commit of a name, empty when there is none."""
        try:
            return self._run("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}")
        except GitFailed:
            return ""

    def _git(self, *arguments: str, index: Path | None = None, enough: int = 0) -> str:
        try:
            return self._run(*arguments, index=index, enough=enough)
        except GitFailed as cause:
            if _DISK_FULL in cause.text:
                raise QuotaReached("The server's disk is full.", "Delete environments.") from cause
            raise UpstreamFailed(
                "Git cannot read or write the checkout.",
                "See its last lines, such as a file in another encoding than `.gitattributes` "
                "says; else run `oduflow doctor`: it checks disk and rights.",
                output=last_lines(cause, RepositoryPaths(self.folder.git_dir, self.files)),
            ) from cause

    def _run(self, *arguments: str, index: Path | None = None, enough: int = 0) -> str:
        return self.folder.run(
            "--literal-pathspecs", *arguments, work_tree=self.files, index=index, enough=enough
        )


def _only(paths: Sequence[str]) -> tuple[str, ...]:
    return ("--", *(paths or _ALL))


def _in_the_way(paths: Sequence[str]) -> Conflict:
    shown = ", ".join(paths[:5])
    return Conflict(f"Edits made since are in the way of: {shown}.", "Discard or push them first.")
