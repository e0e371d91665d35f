"""Read a repository's code, for what its files are to each other."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from oduflow.adapters.git.states import States
from oduflow.domain.changes.facts import RepositoryFacts
from oduflow.domain.changes.python_code import imported_from
from oduflow.domain.changes.python_names import ANY, run_by_upgrades

_CODE, _DATA, _INIT, _TESTS = ".py", ".xml", "__init__.py", "tests"
_CALLS = "<function"
_WORD = re.compile(rb"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class CodeTexts:
    """The Python files of a state, and those data of its installed modules that call functions.

    Attributes:
        facts: tells which module a path is of.
        installed: the modules that are installed.
        texts: the contents of Python files, by path.
        data: those of data; None for a file that is too large to be read.
        unread: the installed modules that have a Python file that is too large to be read.
    """

    facts: RepositoryFacts
    installed: frozenset[str]
    texts: Mapping[str, bytes]
    data: Mapping[str, bytes | None]
    unread: frozenset[str]

    @classmethod
    def of(
        cls, states: States, after: str, folders: Mapping[str, str], installed: frozenset[str]
    ) -> "CodeTexts":
        """Read them; code and data each up to limits of their own."""
        facts = RepositoryFacts(folders, folders)
        code = _read(states, after, (path for path in states.paths(after) if path.endswith(_CODE)))
        calling = states.mentioned(after, [_CALLS]).get(_CALLS, set())
        data = _read(states, after, (path for path in sorted(calling) if path.endswith(_DATA)))
        unread = {facts.place(path)[1] for path, text in code.items() if text is None}
        return cls(
            facts,
            installed,
            {path: text for path, text in code.items() if text is not None},
            {path: text for path, text in data.items() if facts.place(path)[1] in installed},
            frozenset(unread & installed),
        )

    @property
    def run(self) -> frozenset[str]:
        """The names of functions that upgrades run; data that cannot be read may call any."""
        data = [text for text in self.data.values() if text is not None]
        if len(data) < len(self.data):
            return frozenset({ANY})
        return run_by_upgrades(self._installed.values(), data)

    @property
    def tests_used(self) -> frozenset[str]:
        """The modules of whose tests code that is no test imports something."""
        found = set(self.unread)
        for path, text in self._installed.items():
            _, module, inside = self.facts.place(path)
            if _TESTS.encode() in text and not inside.startswith(f"{_TESTS}/"):
                found |= {name or module for name in imported_from(text, _TESTS)}
        return frozenset(found)

    def importers(self, paths: Iterable[str]) -> dict[str, frozenset[str]]:
        """Return Python files of no installed module, each with the installed ones that name it.

        Words that are the names of the module, or of folder and file, are taken for an import, also
        in a file of no installed module that is named in turn.
        """
        outside = [path for path in paths if path.endswith(_CODE) and self._is_outside(path)]
        if not outside:
            return {}
        words = {
            path: frozenset(map(bytes.decode, _WORD.findall(text)))
            for path, text in self.texts.items()
        }
        return {path: self._importers(path, words) for path in outside}

    @property
    def _installed(self) -> Mapping[str, bytes]:
        return {path: text for path, text in self.texts.items() if not self._is_outside(path)}

    def _is_outside(self, path: str) -> bool:
        return self.facts.place(path)[1] not in self.installed

    def _is_named(self, path: str, other: str, words: frozenset[str]) -> bool:
        """Whether another file, of which the words are given, may import a file."""
        module, file = self.facts.place(path)[1], PurePosixPath(path)
        if module:
            return module in words or self.facts.place(other)[1] == module
        near = file.parent == PurePosixPath(other).parent or file.parent.name in words
        return near and (file.name == _INIT or file.stem in words)

    def _importers(self, path: str, words: Mapping[str, frozenset[str]]) -> frozenset[str]:
        found, seen, left = set[str](), {path}, [path]
        while left:
            one = left.pop()
            for other, its in words.items():
                if other in seen or not self._is_named(one, other, its):
                    continue
                seen.add(other)
                if self._is_outside(other):
                    left.append(other)
                else:
                    found.add(self.facts.place(other)[1])
        return frozenset(found)


def _read(states: States, after: str, paths: Iterable[str]) -> dict[str, bytes | None]:
    """Return the contents of files; None for one that is too large to be read."""
    wanted = list(paths)
    named = states.named(after, wanted) if wanted else {}
    contents = states.read(named.values())
    return {path: contents.get(name) for path, name in named.items()}
