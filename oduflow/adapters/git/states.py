"""States of a checkout: its files at a moment, as a commit of our own after the one checked out.

A state holds neither branch nor server. Submodules are parts of it as the commits that they are at,
without edits inside them. Nothing removes the objects of a state before the environment goes.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from oduflow.adapters.git.checkout_index import OWN, CheckoutIndex
from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.submodule_places import DECLARATION
from oduflow.domain.errors import Conflict, QuotaReached
from oduflow.domain.module_failure import listed

MAX_FILE = 1 << 20  # bytes of one file that is read
MAX_READ = 64 << 20  # bytes of all
MOST_NAMED = 1000  # paths of one command
MAX_LISTED = 64 << 20  # bytes of the names of a repository's files
_LINK, _SUBMODULE = "120000", "160000"
_NO_FILE = "000000"
_DIFF_TREE = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev")
_HEADER = re.compile(rb"([0-9a-f]{40,64}) (\w+) (\d+)\n")
_BASE, _THEIRS, _EDITED = 1, 2, 3  # git's stages of a file that is merged
_SIDES = 3
_MERGED = frozenset({"100644", "100755"})
_APPLIED = "refs/oduflow/applied"
_NO_MATCH = 1  # git-grep's exit status


@dataclass(frozen=True, slots=True)
class StateDifference:
    """A path at which two states differ.

    Attributes:
        old, new: git's names of the contents; empty for no file.
        is_link, is_submodule: what it is in either state.
    """

    path: str
    old: str
    new: str
    is_link: bool = False
    is_submodule: bool = False


@dataclass(frozen=True, slots=True)
class States(CheckoutIndex):
    """The states of one checkout."""

    def keep(self, commit: str) -> str:
        """Return the state of the files now; `commit` is the one that is checked out."""
        with self.index_of(commit) as index:
            self.add(index, (".",))
            return self._state(self.git("write-tree", index=index), commit, index)

    def merge(self, state: str, commit: str, onto: str) -> str:
        """Return a state of another commit with the edits that a state has; no file is changed.

        Args:
            state: of the files.
            commit: the one that it is edited from.
            onto: the other commit.

        Raises:
            Conflict: edits are in the way; the message names the files.
        """
        with self.index_of(onto) as index:
            self.git("read-tree", "-i", "-m", "--aggressive", commit, onto, state, index=index)
            unmerged: dict[str, dict[int, tuple[str, str]]] = {}
            for entry in self.git("ls-files", "--unmerged", "-z", index=index).split("\0")[:-1]:
                about, _, path = entry.partition("\t")
                mode, name, stage = about.split(" ")
                unmerged.setdefault(path, {})[int(stage)] = mode, name
            conflicts = [
                path
                for path, stages in sorted(unmerged.items())
                if not self._merge_file(index, path, stages)
            ]
            if conflicts:
                raise _conflict(conflicts, onto)
            return self._state(self.git("write-tree", index=index), onto, index)

    def compare(self, before: str, after: str) -> tuple[StateDifference, ...]:
        """Return the paths at which two states or commits differ.

        Raises:
            QuotaReached: they are too many to be listed.
        """
        fields = self._listing(*_DIFF_TREE, before, after)
        pairs = zip(fields[::2], fields[1::2], strict=False)
        return tuple(_difference(about, path) for about, path in pairs)

    def differs(self, before: str, after: str) -> bool:
        """Whether two states or commits differ in any file."""
        return self.git("rev-parse", f"{before}^{{tree}}") != self.git(
            "rev-parse", f"{after}^{{tree}}"
        )

    def paths(self, state: str) -> tuple[str, ...]:
        """Return the paths of all files.

        Raises:
            QuotaReached: they are too many to be listed.
        """
        return tuple(self._listing("ls-tree", "-r", "-z", "--name-only", "--full-tree", state))

    def links(self, state: str) -> dict[str, str]:
        """Return the texts of symbolic links, by path; without those that are too long."""
        entries = self._listing("ls-tree", "-r", "-z", "--full-tree", state)
        found = (entry.partition("\t")[::2] for entry in entries if entry.startswith(_LINK))
        names = {path: about.split(" ")[2] for about, path in found}
        contents = self.read(names.values())
        return {
            path: contents[name].decode(errors="replace")
            for path, name in names.items()
            if name in contents
        }

    def named(self, state: str, paths: Iterable[str]) -> dict[str, str]:
        """Return git's names of the contents of files, by path; without those that do not exist."""
        wanted, entries = list(paths), list[str]()
        for start in range(0, len(wanted), MOST_NAMED):
            some = wanted[start : start + MOST_NAMED]
            entries += self._listing("ls-tree", "-z", "--full-tree", state, "--", *some)
        found = (entry.partition("\t")[::2] for entry in entries)
        return {path: about.split(" ")[2] for about, path in found}

    def read(self, names: Iterable[str]) -> dict[str, bytes]:
        """Return contents by git's names of them; without those that are too large.

        Args:
            names: as `compare` and `named` return them.
        """
        wanted = list(dict.fromkeys(filter(None, names)))
        small, total = [], 0
        for line in self._batch("--batch-check", wanted).decode().splitlines():
            name, kind, size = line.split(" ")[:3]
            if kind == "blob" and int(size) <= MAX_FILE and total + int(size) <= MAX_READ:
                small.append(name)
                total += int(size)
        return dict(_contents(self._batch("--batch", small)))

    def mentioned(self, state: str, texts: Iterable[str]) -> dict[str, set[str]]:
        """Return the files of data that hold any of some texts, by text.

        Args:
            state: which one to search.
            texts: without line breaks.
        """
        wanted = [text for text in texts if text and "\n" not in text]
        found: dict[str, set[str]] = {}
        if not wanted:
            return found
        with TemporaryFile(dir=self.scratch) as patterns:
            patterns.write("\n".join(wanted).encode())
            patterns.seek(0)
            command = ("grep", "-z", "-a", "-o", "-F", "--no-color", "-f", "-", state)
            try:
                output = self.folder.read(
                    *command, "--", "*.xml", "*.csv", stdin=patterns, most=MAX_LISTED
                )
            except GitFailed as cause:
                if cause.status == _NO_MATCH:
                    return found
                raise self.unreadable(cause) from cause
        for line in output.decode(errors="replace").splitlines():
            place, _, text = line.partition("\0")
            found.setdefault(text, set()).add(place.partition(":")[2])
        return found

    def is_at(self, state: str, commit: str) -> bool:
        """Whether the files are exactly those of a state; `commit` is the one checked out."""
        return not self.differs(self.keep(commit), state)

    def pins_differ(self, before: str, after: str) -> bool:
        """Whether two states pin submodules to other commits, or declare others."""
        changed = self.compare(before, after)
        return any(each.is_submodule or each.path == DECLARATION for each in changed)

    def stamped(self, state: str, commit: str) -> str:
        """Return the same state, made now; `commit` is the one that is checked out."""
        with self.index_of(state) as index:
            made = self._state(self.git("write-tree", index=index), commit, index)
        self.git("update-ref", _APPLIED, made)
        return made

    def made_at(self, state: str) -> float:
        """Return when a state was made, in seconds since the epoch."""
        return float(self.git("show", "--no-patch", "--format=%ct", state))

    def _state(self, tree: str, commit: str, index: Path) -> str:
        message = index.with_name("message")
        message.write_text("state\n", "utf-8")
        return self.commit_tree(tree, commit, OWN, message)

    def _merge_file(self, index: Path, path: str, stages: dict[int, tuple[str, str]]) -> bool:
        """Merge a file that both sides changed; return whether no edit is in the way of another."""
        modes = {mode for mode, _ in stages.values()}
        if len(stages) < _SIDES or modes - _MERGED:
            return False
        contents = self.read(name for _, name in stages.values())
        if len(contents) < len({name for _, name in stages.values()}):
            return False  # it is too large
        sides = [index.with_name(f"side{stage}") for stage in (_THEIRS, _BASE, _EDITED)]
        for stage, side in zip((_THEIRS, _BASE, _EDITED), sides, strict=True):
            side.write_bytes(contents[stages[stage][1]])
        try:
            self.run("merge-file", "--quiet", *map(str, sides))
        except GitFailed:  # the number of conflicts, or a binary file
            return False
        base, theirs, edited = (stages[stage][0] for stage in (_BASE, _THEIRS, _EDITED))
        merged = self.git("hash-object", "-w", "--no-filters", str(sides[0]))
        mode = theirs if edited == base else edited
        self.git("update-index", "--cacheinfo", f"{mode},{merged},{path}", index=index)
        return True

    def _listing(self, *arguments: str) -> list[str]:
        try:
            output = self.folder.read("--literal-pathspecs", *arguments, most=MAX_LISTED)
        except GitFailed as cause:
            raise self.unreadable(cause) from cause
        except QuotaReached as full:
            raise QuotaReached(
                "The repository has more files than can be compared.", full.hint
            ) from full
        return output.decode(errors="replace").split("\0")[:-1]

    def _batch(self, mode: str, names: list[str]) -> bytes:
        """Ask git about objects, whose names it reads."""
        if not names:
            return b""
        with TemporaryFile(dir=self.scratch) as wanted:
            wanted.write("".join(f"{name}\n" for name in names).encode())
            wanted.seek(0)
            try:
                return self.folder.read("cat-file", mode, stdin=wanted, most=2 * MAX_READ)
            except GitFailed as cause:
                raise self.unreadable(cause) from cause


def _conflict(paths: list[str], onto: str) -> Conflict:
    """Make the error for edits of files that another commit has changed in the same places."""
    return Conflict(
        f"Edits are in conflict with {onto[:12]}: {listed(paths)}. Nothing was changed.",
        "Push or discard the edits of these files, and call again.",
    )


def _difference(about: str, path: str) -> StateDifference:
    old_mode, new_mode, old, new, _ = about.removeprefix(":").split(" ")
    modes = {old_mode, new_mode}
    return StateDifference(
        path,
        "" if old_mode == _NO_FILE else old,
        "" if new_mode == _NO_FILE else new,
        is_link=_LINK in modes,
        is_submodule=_SUBMODULE in modes,
    )


def _contents(output: bytes) -> Iterator[tuple[str, bytes]]:
    """Read what `git cat-file --batch` writes."""
    at = 0
    while found := _HEADER.match(output, at):
        start, size = found.end(), int(found[3])
        yield found[1].decode(), output[start : start + size]
        at = start + size + 1
