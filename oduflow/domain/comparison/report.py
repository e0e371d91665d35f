"""A comparison as a report: the counts, the whole text, and the view that fits into an answer."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from oduflow.domain.comparison.changes import Change
from oduflow.domain.comparison.kinds import KINDS, DiffSection
from oduflow.domain.comparison.records import ChangeKind
from oduflow.domain.comparison.view import ChangeView, DiffView, SectionView

MOST_CHARACTERS = 16_000  # of the changes in an answer; with the rest less than 8,000 tokens
MOST_OF_A_SECTION = 12  # changes, where several sections are shown
MOST_TEXT = 3 << 20  # characters of the whole text
_SIGNS: Mapping[ChangeKind, str] = {
    ChangeKind.ADDED: "+",
    ChangeKind.CHANGED: "~",
    ChangeKind.REMOVED: "-",
}
_WORDS: Mapping[ChangeKind, str] = {
    ChangeKind.ADDED: "added",
    ChangeKind.CHANGED: "changed",
    ChangeKind.REMOVED: "removed",
}
_MODULE_WORDS: Mapping[ChangeKind, str] = {
    ChangeKind.ADDED: "installed",
    ChangeKind.CHANGED: "updated",
    ChangeKind.REMOVED: "removed",
}


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """The result of a comparison.

    Attributes:
        name: the environment.
        before, after: what was compared, in words.
        sections: the sections that were compared.
        changes: every change, in the order of the sections.
        left_out: what is not compared, as a sentence.
        notes: what to know of a section, as which tables were estimated.
    """

    name: str
    before: str
    after: str
    sections: tuple[DiffSection, ...]
    changes: tuple[Change, ...]
    left_out: str
    notes: Mapping[DiffSection, str] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """One sentence with the counts."""
        found = [
            f"{section.heading.lower()}: {counts_of(section, changes)}"
            for section in self.sections
            if (changes := self._of(section))
        ]
        what = f"{self.after} against {self.before}"
        return f"{what}: {'; '.join(found)}." if found else f"{what}: no differences."

    def text(self) -> str:
        """Return the whole report, at most `MOST_TEXT` characters."""
        lines: list[str] = []
        size = 0
        for line in self._lines():
            size += len(line) + 1
            if size > MOST_TEXT:
                lines.append("… The report is longer. Compare one section or one model.")
                break
            lines.append(line)
        return "\n".join(lines)

    def view(self) -> tuple[DiffView, bool]:
        """Return the view, and whether it leaves anything out."""
        shown: list[SectionView] = []
        left, whole = MOST_CHARACTERS, True
        filled = [section for section in self.sections if self._of(section)]
        for number, section in enumerate(filled):
            changes = self._of(section)
            alone = len(filled) == 1
            views, used = _fitting(changes, left // (len(filled) - number), alone=alone)
            left -= used
            whole = whole and _shows_all(changes, views)
            shown.append(self._section(section, changes, views))
        empty = [section for section in self.sections if not self._of(section)]
        noted = [self._section(each, [], ()) for each in empty if self.notes.get(each)]
        view = DiffView(
            name=self.name,
            before=self.before,
            after=self.after,
            sections=(*shown, *noted),
            left_out=self.left_out,
        )
        return view, not whole

    def _section(
        self, section: DiffSection, changes: list[Change], views: tuple[ChangeView, ...]
    ) -> SectionView:
        count = Counter(change.kind for change in changes)
        return SectionView(
            section=section,
            title=section.heading,
            added=count[ChangeKind.ADDED],
            removed=count[ChangeKind.REMOVED],
            changed=count[ChangeKind.CHANGED],
            note=self.notes.get(section, ""),
            changes=views,
        )

    def _of(self, section: DiffSection) -> list[Change]:
        return [change for change in self.changes if KINDS[change.what].section is section]

    def _lines(self) -> Iterator[str]:
        yield self.summary
        yield "Names and values are data from the databases."
        yield self.left_out
        for section in self.sections:
            changes, note = self._of(section), self.notes.get(section, "")
            if not changes and not note:
                continue
            yield ""
            yield f"{section.heading}: {counts_of(section, changes) or 'no differences'}"
            if note:
                yield f"  ({note})"
            for change in changes:
                yield from _lines_of(section, change)


def counts_of(section: DiffSection, changes: Iterable[Change]) -> str:
    """Return how many were added, changed and removed: `3 installed, 1 updated`."""
    words = _MODULE_WORDS if section is DiffSection.MODULES else _WORDS
    count = Counter(change.kind for change in changes)
    return ", ".join(f"{count[kind]} {words[kind]}" for kind in _SIGNS if count[kind])


def _lines_of(section: DiffSection, change: Change) -> Iterator[str]:
    what = (
        f" ({change.what})" if section is DiffSection.DATA or section is DiffSection.ACCESS else ""
    )
    yield f"{_SIGNS[change.kind]} {change.name}{what}"
    for detail in change.details:
        yield f"    {detail}"
    for line in change.diff.split("\n") if change.diff else ():
        yield f"    {line}"


def _fitting(
    changes: list[Change], characters: int, *, alone: bool
) -> tuple[tuple[ChangeView, ...], int]:
    """Return the views of the first changes that fit, and how many characters they take."""
    views: list[ChangeView] = []
    used = 0
    for change in changes:
        if len(views) >= MOST_OF_A_SECTION and not alone:
            break
        view = ChangeView.shortened(change, details=12, line=240, diff=4000 if alone else 1000)
        if used + view.size > characters:
            view = ChangeView.shortened(change, details=3, line=80, diff=200)
        if used + view.size > characters:
            break
        used += view.size
        views.append(view)
    return tuple(views), used


def _shows_all(changes: list[Change], views: tuple[ChangeView, ...]) -> bool:
    return len(changes) == len(views) and all(
        (change.details, change.diff) == (view.details, view.diff)
        for change, view in zip(changes, views, strict=True)
    )
