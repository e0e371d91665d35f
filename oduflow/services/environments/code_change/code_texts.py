"""Read a repository's code, for what its files are to each other."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from oduflow.adapters.git.states import States
from oduflow.domain.changes.facts import RepositoryFacts
from oduflow.domain.changes.python_code import imports
from oduflow.domain.changes.python_names import ANY, run_by_upgrades

_CODE, _DATA, _INIT, _TESTS = ".py", ".xml", "__init__.py", "tests"
_WORD = re.compile(rb"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class CodeTexts:
    """The Python files of a state, and the data of its installed modules.

    Attributes:
        facts: tells which module a path is of.
        installed: the modules that are installed.
        texts: the contents by path.
        whole: whether all could be read.
    """

    facts: RepositoryFacts
    installed: frozenset[str]
    texts: Mapping[str, bytes]
    whole: bool

    @classmethod
    def of(
        cls, states: States, after: str, folders: Mapping[str, str], installed: frozenset[str]
    ) -> "CodeTexts":
        """Read them; those that are too large are left out."""
        facts = RepositoryFacts(folders, folders)
        wanted = [
            path
            for path in states.paths(after)
            if path.endswith(_CODE) or (path.endswith(_DATA) and facts.place(path)[1] in installed)
        ]
        named = states.named(after, wanted) if wanted else {}
        contents = states.read(named.values())
        texts = {path: contents[name] for path, name in named.items() if name in contents}
        return cls(facts, installed, texts, whole=len(texts) == len(named))

    @property
    def run(self) -> frozenset[str]:
        """The names of functions that upgrades run.

        A file that is too large to be read may run any.
        """
        if not self.whole:
            return frozenset({ANY})
        code = (text for path, text in self._installed.items() if path.endswith(_CODE))
        data = (text for path, text in self._installed.items() if path.endswith(_DATA))
        return run_by_upgrades(code, data)

    @property
    def tests_used(self) -> bool:
        """Whether code that is no test imports code of tests, of any module."""
        return not self.whole or any(
            imports(text, _TESTS)
            for path, text in self._installed.items()
            if path.endswith(_CODE)
            and _TESTS.encode() in text
            and not self.facts.place(path)[2].startswith(f"{_TESTS}/")
        )

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
            if path.endswith(_CODE)
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
