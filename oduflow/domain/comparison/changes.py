"""The text of one change: its values before and after, long ones as a unified diff."""

import difflib
import re
import time
from dataclasses import dataclass, field

from oduflow.domain.comparison.kinds import KINDS
from oduflow.domain.comparison.records import ChangeKind, Content, Difference, Value
from oduflow.domain.masking import HIDDEN, redact

SHORT = 160  # characters of a value that is shown within a line
MOST_LINES = 1500  # of a text that is compared line by line
DIFF_SECONDS = 10.0  # for the line-by-line comparisons of one report
_CONTEXT = 2  # unchanged lines around a change
_LONG_LINE = 200
_NOTHING = Value("")
# Control characters, Unicode's line breaks, and the marks that reorder text (UAX 9).
_HIDDEN_CHARACTERS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference as text; untrusted data.

    Attributes:
        what: the kind of the record, such as `ir.ui.view`.
        name: the record's name.
        details: its short values, such as `required: false → true`.
        diff: unified diffs of its long values.
    """

    kind: ChangeKind
    what: str
    name: str
    details: tuple[str, ...] = ()
    diff: str = ""


@dataclass(slots=True)
class Describer:
    """Writes the text of changes, and compares long texts until its time is used up."""

    seconds: float = DIFF_SECONDS
    _used: float = field(default=0.0, init=False)

    def describe(
        self, difference: Difference, before: Content | None, after: Content | None
    ) -> Change | None:
        """Return the text of a difference; None when no shown value differs.

        Args:
            difference: the record.
            before: its values; None where it does not exist or was not read.
            after: the same of the other database.
        """
        kind = difference.kind
        columns = self._columns(difference, before or {}, after or {})
        details: list[str] = []
        diffs: list[str] = []
        for column in columns:
            old, new = (before or {}).get(column, _NOTHING), (after or {}).get(column, _NOTHING)
            if _is_long(old) or _is_long(new):
                diffs.append(self._diff(column, old, new))
            else:
                details.append(_detail(kind, column, old, new))
        if kind is ChangeKind.CHANGED and before and after and not columns:
            return None
        return Change(
            kind,
            difference.key.kind,
            clean(_named(difference, before, after)),
            tuple(details),
            "\n".join(diffs),
        )

    @staticmethod
    def _columns(difference: Difference, before: Content, after: Content) -> list[str]:
        if difference.kind is ChangeKind.CHANGED:
            return [
                column
                for column in sorted(before.keys() | after.keys())
                if before.get(column, _NOTHING).digest != after.get(column, _NOTHING).digest
            ]
        there, brief = before or after, KINDS[difference.key.kind].brief
        return [column for column in brief or sorted(there) if _says_something(there.get(column))]

    def _diff(self, column: str, old: Value, new: Value) -> str:
        if old.text == new.text:
            return (
                f"--- {column}\n+++ {column}\n(differs after its first {len(old.text)} characters)"
            )
        before, after = lines_of(old.text), lines_of(new.text)
        if self._used > self.seconds or max(len(before), len(after)) > MOST_LINES:
            lengths = f"{len(before)} lines before, {len(after)} after"
            return f"--- {column}\n+++ {column}\n({lengths}; too much to compare line by line)"
        begun = time.monotonic()
        found = difflib.unified_diff(before, after, column, column, lineterm="", n=_CONTEXT)
        text = "\n".join(found)
        self._used += time.monotonic() - begun
        return text or f"--- {column}\n+++ {column}\n(differs in what is not shown)"


def lines_of(text: str) -> list[str]:
    """Return the clean lines of a text; XML in one long line is split between its elements."""
    if not text:
        return []
    shown = clean(redact(text))
    if shown.lstrip().startswith("<") and max(map(len, shown.splitlines()), default=0) > _LONG_LINE:
        shown = shown.replace("><", ">\n<")
    return shown.split("\n")


def clean(text: str) -> str:
    """Escape the characters that hide or reorder text."""
    return _HIDDEN_CHARACTERS.sub(lambda found: ascii(found[0])[1:-1], text.replace("\r\n", "\n"))


def _named(difference: Difference, before: Content | None, after: Content | None) -> str:
    """Return the record's name; with its label where the name is a number."""
    name = difference.key.name
    label = ((after or before) or {}).get("name", _NOTHING).text
    one_line = " ".join(f"{name} {label[:SHORT]}".split()) if name.startswith("#") else name
    return one_line.replace("\n", " ")


def _detail(kind: ChangeKind, column: str, old: Value, new: Value) -> str:
    if kind is not ChangeKind.CHANGED:
        return f"{column}: {_shown(old if kind is ChangeKind.REMOVED else new)}"
    if old.is_secret or new.is_secret:
        return f"{column}: {_shown(old)} → {_shown(new)} (changed)"
    if old.text == new.text:
        return f"{column}: changed in another language"
    return f"{column}: {_shown(old)} → {_shown(new)}"


def _shown(value: Value) -> str:
    if value.is_secret:
        return HIDDEN
    return clean(redact(value.text)).replace("\n", "\\n") or "not set"


def _is_long(value: Value) -> bool:
    return len(value.text) > SHORT or "\n" in value.text.strip("\n")


def _says_something(value: Value | None) -> bool:
    return value is not None and (value.is_secret or value.text not in {"", "false", "[]", "{}"})
