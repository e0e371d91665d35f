"""Edits of a checkout whose commits are kept in a JSON file; text files only."""

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oduflow.adapters.git.checkout_index import Author
from oduflow.adapters.git.edits import PendingPush
from oduflow.domain.edits import EditKind, FileEdit
from oduflow.domain.errors import Conflict
from oduflow.domain.file_paths import Parts

Files = Mapping[str, str]


@dataclass(frozen=True)
class MemoryEdits:
    """Has the methods of `adapters.git.edits.Edits`."""

    git_dir: Path
    files: Path

    def learn(self, commit: str, files: Files, parent: str, *, made: float = 0.0) -> None:
        """Add a commit to those that are known."""
        state = self._state()
        known = {"files": dict(files), "parent": parent, "author": ["", ""], "made": made}
        state["commits"][commit] = known
        self._write(state)

    def every(self) -> Iterator[Files]:
        """Yield the files of every commit."""
        for each in self._state()["commits"].values():
            yield each["files"]

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return str(self._state().get("head", ""))

    def commit_of(self, commit: str) -> dict[str, Any]:
        """Return the files and the parent of a commit."""
        found: dict[str, Any] = self._state()["commits"][commit]
        return found

    def submodule_of(self, commit: str, parts: Parts) -> str:
        return ""

    def changed(self, commit: str, paths: Sequence[str] = ()) -> tuple[FileEdit, ...]:
        return _listed(self.commit_of(commit)["files"], self.there(), paths)

    def diff(self, commit: str, paths: Sequence[str] = (), *, most: int) -> str:
        before, after = self.commit_of(commit)["files"], self.there()
        lines: list[str] = []
        for edit in self.changed(commit, paths):
            old, new = (
                files.get(edit.path, "").splitlines(keepends=True) for files in (before, after)
            )
            lines += difflib.unified_diff(old, new, f"a/{edit.path}", f"b/{edit.path}")
        return "".join(lines).removesuffix("\n")[:most]

    def discard(self, commit: str, paths: Sequence[str] = ()) -> tuple[FileEdit, ...]:
        edits = self.changed(commit, paths)
        if edits:
            there, state = self.there(), self._state()
            kept = {edit.path: there.get(edit.path) for edit in edits}
            self._write(state | {"discarded": {"commit": commit, "files": kept}})
            before = self.commit_of(commit)["files"]
            self.put({edit.path: before.get(edit.path) for edit in edits})
        return edits

    def bring_back(self, commit: str) -> tuple[FileEdit, ...]:
        state = self._state()
        kept = state.pop("discarded", None)
        if kept is None:
            raise Conflict("No discarded edits are kept.")
        if kept["commit"] != commit:
            raise Conflict("The edits were discarded at another commit.")
        if self.changed(commit, list(kept["files"])):
            raise Conflict("Edits made since are in the way.")
        self.put(kept["files"])
        self._write(state)
        return self.changed(commit, list(kept["files"]))

    def commit(
        self, commit: str, paths: Sequence[str], message: str, author: Author, branch: str
    ) -> tuple[str, tuple[FileEdit, ...]]:
        edits = self.changed(commit, paths)
        if not edits:
            return "", ()
        there, files = self.there(), dict(self.commit_of(commit)["files"])
        for edit in edits:
            if edit.kind is EditKind.DELETED:
                del files[edit.path]
            else:
                files[edit.path] = there[edit.path]
        told = json.dumps([commit, message, files])
        made = hashlib.sha1(told.encode(), usedforsecurity=False).hexdigest()
        self.learn(made, files, commit)
        state = self._state()
        state["commits"][made]["author"] = [author.name, author.email]
        self._write(state | {"pushing": [branch, made]})
        return made, edits

    def pending(self, commit: str) -> PendingPush | None:
        branch, made = self._state().get("pushing", ("", ""))
        if not made or self.commit_of(made)["parent"] != commit:
            return None
        return PendingPush(branch, made)

    def between(self, commit: str, made: str) -> tuple[FileEdit, ...]:
        return _listed(self.commit_of(commit)["files"], self.commit_of(made)["files"], ())

    def author(self, commit: str) -> Author:
        return Author(*self.commit_of(commit)["author"])

    def adopt(self, made: str) -> None:
        self._write(self._state() | {"head": made})
        (self.git_dir / "HEAD").write_text(made)

    def forget_push(self) -> None:
        state = self._state()
        state.pop("pushing", None)
        self._write(state)

    def there(self) -> dict[str, str]:
        """Return the files as they are."""
        return {
            path.relative_to(self.files).as_posix(): path.read_text()
            for path in self.files.rglob("*")
            if path.is_file()
        }

    def put(self, files: Mapping[str, str | None]) -> None:
        """Write files, of which None removes one."""
        for name, text in files.items():
            file = self.files / name
            if text is None:
                file.unlink(missing_ok=True)
            elif not file.is_file() or file.read_text() != text:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)

    def _state(self) -> dict[str, Any]:
        file = self.git_dir / "edits.json"
        found: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {"commits": {}}
        return found

    def _write(self, state: Mapping[str, Any]) -> None:
        self.git_dir.mkdir(parents=True, exist_ok=True)
        (self.git_dir / "edits.json").write_text(json.dumps(state))


def _listed(before: Files, after: Files, paths: Sequence[str]) -> tuple[FileEdit, ...]:
    return tuple(
        FileEdit(path=path, kind=_kind(before, after, path))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
        and (not paths or any(path == each or path.startswith(f"{each}/") for each in paths))
    )


def _kind(before: Files, after: Files, path: str) -> EditKind:
    if path not in before:
        return EditKind.ADDED
    return EditKind.CHANGED if path in after else EditKind.DELETED
