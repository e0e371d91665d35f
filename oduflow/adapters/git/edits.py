"""The edits of a checkout: its differences from a commit, discarded, brought back, or committed.

Files inside submodules belong to other repositories and do not count.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.git.checkout_index import ALL, DIFF, OWN, Author, CheckoutIndex
from oduflow.adapters.git.failures import GitFailed
from oduflow.domain.edits import EditKind, FileEdit
from oduflow.domain.errors import Conflict
from oduflow.domain.file_paths import Parts

_DISCARDED = "refs/oduflow/discarded"
_DISCARDING = "refs/oduflow/discarding"  # the same, while files are written
_PUSHING = "refs/oduflow/pushing/"
_GITLINK = "160000 "
_KINDS = {"A": EditKind.ADDED, "D": EditKind.DELETED}


@dataclass(frozen=True, slots=True)
class PendingPush:
    """A commit that is being pushed, or was when the process died."""

    branch: str
    commit: str


@dataclass(frozen=True, slots=True)
class Edits(CheckoutIndex):
    """The edits of one checkout."""

    def submodule_of(self, commit: str, parts: Parts) -> str:
        """Return the submodule of a commit in which a path is, empty for none."""
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        entries = self.git("ls-tree", "-z", "--full-tree", commit, "--", *above).split("\0")
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
            return self.git(
                "-c",
                "core.quotePath=false",
                *DIFF,
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
        if self.resolved(_DISCARDING):  # cut off: else the part that it removed would be lost
            with suppress(Conflict):
                self.bring_back(commit)
        with self.index_of(commit) as index:
            kept = self._commit(commit, paths, index, OWN, "kept")
            edits = self._listed(commit, kept)
            if edits:
                self.git("update-ref", _DISCARDING, kept)
                self.git("read-tree", "-m", "-u", kept, commit, index=index)
                self.git("update-ref", _DISCARDED, kept)
                self.git("update-ref", "-d", _DISCARDING)
        return edits

    def bring_back(self, commit: str) -> tuple[FileEdit, ...]:
        """Bring back the edits that `discard` removed last, and return them.

        A file that is already what it was then stays: a discard or a return may have been cut off.
        The caller excludes other writers.

        Raises:
            Conflict: nothing was discarded, another commit is checked out, or one of the files
                was edited since.
        """
        kept = self.resolved(_DISCARDING) or self.resolved(_DISCARDED)
        if not kept:
            raise Conflict("No discarded edits are kept.")
        if self.git("rev-parse", f"{kept}^") != commit:
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
        with self.index_of(commit) as index:
            self.add(index, sorted(again))
            self.git("update-index", "-q", "--refresh", index=index)
            try:
                self.run("read-tree", "-m", "-u", commit, kept, index=index)
            except GitFailed as cause:  # such as a new folder with the name of a file
                raise _in_the_way([edit.path for edit in edits]) from cause
        for name in (_DISCARDED, _DISCARDING):
            self.git("update-ref", "-d", name)
        return edits

    def commit(
        self, commit: str, paths: Sequence[str], message: str, author: Author, branch: str
    ) -> tuple[str, tuple[FileEdit, ...]]:
        """Make a commit of edits, as the one that is being pushed to a branch.

        Neither the files nor the commit that is checked out change.

        Returns:
            The commit, and the edits in it; without edits none is made, and both are empty.
        """
        with self.index_of(commit) as index:
            made = self._commit(commit, paths, index, author, message)
            edits = self._listed(commit, made)
            if not edits:
                return "", ()
            self.forget_push()
            self.git("update-ref", f"{_PUSHING}{branch}", made)
        return made, edits

    def pending(self, commit: str) -> PendingPush | None:
        """Return the push that a dead process left, if its commit follows the checked-out one."""
        listed = self.git("for-each-ref", "--format=%(objectname) %(refname)", _PUSHING)
        for line in listed.splitlines():
            made, _, ref = line.partition(" ")
            if self.resolved(f"{made}^") == commit:
                return PendingPush(ref.removeprefix(_PUSHING), made)
        return None

    def between(self, commit: str, made: str) -> tuple[FileEdit, ...]:
        """Return the files that a commit changes."""
        return self._listed(commit, made)

    def author(self, commit: str) -> Author:
        """Return who a commit is by."""
        name, _, email = self.git("show", "--no-patch", "--format=%an%n%ae", commit).partition("\n")
        return Author(name, email)

    def adopt(self, made: str) -> None:
        """Make a commit the one that is checked out; the files stay. The call may be repeated."""
        (self.folder.git_dir / "index.lock").unlink(missing_ok=True)  # of a killed call
        self.git("update-ref", "--no-deref", "HEAD", made)
        self.git("read-tree", "--reset", made)
        self.git("update-index", "-q", "--refresh")

    def forget_push(self) -> None:
        """Forget the push that is under way; none is no error."""
        for ref in self.git("for-each-ref", "--format=%(refname)", _PUSHING).split():
            self.git("update-ref", "-d", ref)

    def _commit(
        self, commit: str, paths: Sequence[str], index: Path, author: Author, message: str
    ) -> str:
        """Make a commit of the edits at the paths, after `commit`."""
        # By their names, because git refuses paths at which there is nothing.
        self.add(index, [edit.path for edit in self.changed(commit, paths)] if paths else ALL)
        tree = self.git("write-tree", index=index)
        words = index.with_name("message")
        words.write_text(f"{message.strip()}\n", "utf-8")
        return self.commit_tree(tree, commit, author, words)

    def _listed(self, commit: str, *others: str, index: Path | None = None) -> tuple[FileEdit, ...]:
        """List the differences from a commit to another one, or to the files."""
        fields = self.git(*DIFF, "--name-status", "-z", commit, *others, index=index).split("\0")
        return tuple(
            FileEdit(path=path, kind=_KINDS.get(letter, EditKind.CHANGED))
            for letter, path in zip(fields[::2], fields[1::2], strict=False)
        )

    @contextmanager
    def _all_known(self, commit: str) -> Iterator[Path]:
        """Give an index that knows every file by name, so that a diff shows new ones, too."""
        with self.index_of(commit) as index:
            self.git("add", "--intent-to-add", "--force", "--", *ALL, index=index)
            yield index


def _only(paths: Sequence[str]) -> tuple[str, ...]:
    return ("--", *(paths or ALL))


def _in_the_way(paths: Sequence[str]) -> Conflict:
    shown = ", ".join(paths[:5])
    return Conflict(f"Edits made since are in the way of: {shown}.", "Discard or push them first.")
