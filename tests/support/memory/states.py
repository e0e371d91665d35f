"""States of a checkout that are kept in the JSON file of its edits; text files only."""

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.git.states import StateDifference
from oduflow.domain.errors import Conflict
from tests.support.memory.edits import Files, MemoryEdits


@dataclass(frozen=True)
class MemoryStates:
    """Has the methods of `adapters.git.states.States`."""

    git_dir: Path
    files: Path

    def keep(self, commit: str) -> str:
        return self._learn(self._edits.there(), commit)

    def merge(self, state: str, commit: str, onto: str) -> str:
        base, ours, merged = (dict(self._of(each)) for each in (commit, state, onto))
        for path in sorted(base.keys() | ours.keys()):
            if base.get(path) == ours.get(path) or merged.get(path) == ours.get(path):
                continue
            if merged.get(path) != base.get(path):
                raise Conflict(
                    f"Edits are in conflict with {onto[:12]}: {path}. Nothing was changed.",
                    "Push or discard the edits of these files, and call again.",
                )
            merged.pop(path, None)
            if path in ours:
                merged[path] = ours[path]
        return self._learn(merged, onto)

    def compare(self, before: str, after: str) -> tuple[StateDifference, ...]:
        old, new = self._of(before), self._of(after)
        return tuple(
            StateDifference(path, _name(old.get(path)), _name(new.get(path)))
            for path in sorted(old.keys() | new.keys())
            if old.get(path) != new.get(path)
        )

    def differs(self, before: str, after: str) -> bool:
        return self._of(before) != self._of(after)

    def paths(self, state: str) -> tuple[str, ...]:
        return tuple(sorted(self._of(state)))

    def links(self, state: str) -> dict[str, str]:
        return {}

    def named(self, state: str, paths: Iterable[str]) -> dict[str, str]:
        files = self._of(state)
        return {path: _name(files[path]) for path in paths if path in files}

    def read(self, names: Iterable[str]) -> dict[str, bytes]:
        wanted = {*names}
        return {
            _name(text): text.encode()
            for files in self._edits.every()
            for text in files.values()
            if _name(text) in wanted
        }

    def mentioned(self, state: str, texts: Iterable[str]) -> dict[str, set[str]]:
        wanted, found = [*texts], dict[str, set[str]]()
        for path, content in self._of(state).items():
            for text in wanted:
                if path.endswith((".xml", ".csv")) and text in content:
                    found.setdefault(text, set()).add(path)
        return found

    def is_at(self, state: str, commit: str) -> bool:
        return self._of(state) == self._edits.there()

    def pins_differ(self, before: str, after: str) -> bool:
        return False

    def stamped(self, state: str, commit: str) -> str:
        return self._learn(self._of(state), commit)

    def made_at(self, state: str) -> float:
        return float(self._edits.commit_of(state).get("made", 0.0))

    def resolved(self, name: str) -> str:
        return self._edits.head if name == "HEAD" else name

    def restore(self, state: str, commit: str) -> None:
        """Make the files those of a state."""
        there = self._edits.there()
        wanted = self._of(state)
        self._edits.put({path: wanted.get(path) for path in there.keys() | wanted.keys()})
        self._edits.adopt(commit)

    @property
    def _edits(self) -> MemoryEdits:
        return MemoryEdits(self.git_dir, self.files)

    def _of(self, state: str) -> Files:
        files: Files = self._edits.commit_of(state)["files"]
        return files

    def _learn(self, files: Files, commit: str) -> str:
        made = time.time()
        told = json.dumps([commit, made, dict(files)])
        state = hashlib.sha1(told.encode(), usedforsecurity=False).hexdigest()
        self._edits.learn(state, files, commit, made=made)
        return state


def _name(text: str | None) -> str:
    """Name a content."""
    if text is None:
        return ""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
