"""The problems of a configuration, collected and reported all at once.

BadSettings      the configuration is invalid; nothing starts
└── NoSettings   there is no file
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from oduflow.settings.lines import KeyPath, find_lines
from oduflow.settings.notation import key_text


@dataclass(frozen=True, slots=True)
class SettingsProblem:
    """One thing to correct.

    Args:
        line: from 1; None when no line can be named.
        key: the dotted key, empty for a problem of the whole file.
        value: as TOML, shortened; `****` for a secret; empty for none.
        message: continues after key and value: `must be true or false`.
        hint: the next step, a sentence, or empty.
    """

    line: int | None
    key: str
    value: str
    message: str
    hint: str

    def __str__(self) -> str:
        place = f"line {self.line}:" if self.line else ""
        value = f"= {self.value}" if self.value else ""
        return " ".join(filter(None, (place, self.key, value, f"{self.message}.", self.hint)))


class BadSettings(Exception):
    """The configuration cannot be used; no message holds a secret.

    Args:
        problems: at least one, in the order of the file.
        source: the file, if there is one.
    """

    def __init__(self, problems: Sequence[SettingsProblem], source: Path | None = None) -> None:
        self.problems = tuple(problems)
        self.source = source
        name = source or "The configuration"
        super().__init__("\n".join([f"{name} cannot be used:", *map(str, problems)]))


def bad_file(
    message: str, source: Path | None, line: int | None = None, hint: str = ""
) -> BadSettings:
    """Return the error of a problem that no key has."""
    return BadSettings([SettingsProblem(line, "", "", message, hint)], source)


class NoSettings(BadSettings):
    """There is no configuration file; a fresh one belongs at the first path of `searched`."""

    def __init__(self, searched: Sequence[Path]) -> None:
        self.searched = tuple(searched)
        message = f"There is no configuration file at {', '.join(map(str, searched))}"
        serve = "`oduflow serve` writes a fresh one and serves"
        hint = f"{serve}; `oduflow quickstart` makes a first environment too."
        super().__init__([SettingsProblem(None, "", "", message, hint)])


class Report:
    """Collects the problems of a text, and warnings for the log; finds the lines of its keys."""

    def __init__(self, text: str = "") -> None:
        self._text = text
        self._problems: dict[KeyPath, SettingsProblem] = {}
        self.warnings: list[str] = []

    def refuse(self, path: KeyPath, message: str, hint: str = "", *, value: str = "") -> None:
        """Add a problem, unless the key has one: the rules also see the defaults of bad keys."""
        key = key_text([part for part in path if isinstance(part, str)])
        problem = SettingsProblem(self.line(path), key, value, message, hint)
        self._problems.setdefault(path, problem)

    @cached_property
    def _lines(self) -> dict[KeyPath, int]:
        return find_lines(self._text)  # takes half as long as parsing: for a problem only

    def line(self, path: KeyPath) -> int | None:
        """Return the line of a key, or of the innermost table around it that has one."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path)

    def problems(self) -> list[SettingsProblem]:
        """Return the problems in the order of the file, those without a line last."""
        return sorted(self._problems.values(), key=lambda problem: problem.line or math.inf)
