"""`diff_environment`: its arguments and its view."""

from typing import Annotated

from pydantic import Field

from oduflow.domain.comparison.changes import Change
from oduflow.domain.comparison.kinds import DiffSection
from oduflow.domain.comparison.records import ChangeKind
from oduflow.domain.environment import EnvironmentName, Name
from oduflow.domain.errors import Invalid
from oduflow.domain.excerpt import excerpt
from oduflow.domain.outcome import Model

MODEL = r"^[a-z_][a-z0-9_.]{0,99}$"


class DiffEnvironment(EnvironmentName):
    """What to compare."""

    before: Annotated[
        Name | None, Field(description="Snapshot to compare with; default: the template.")
    ] = None
    after: Annotated[
        Name | None, Field(description="Snapshot; default: the environment as it is now.")
    ] = None
    section: Annotated[DiffSection | None, Field(description="Only this section.")] = None
    model: Annotated[
        str | None,
        Field(pattern=MODEL, description="Only what is about this Odoo model, as res.partner."),
    ] = None

    @property
    def sections(self) -> tuple[DiffSection, ...]:
        """The sections to compare: with a model, those whose records are about one.

        Raises:
            Invalid: the records of the one section are about no model.
        """
        if self.section is None:
            return tuple(
                each for each in DiffSection if self.model is None or each not in _OF_NO_MODEL
            )
        if self.model is not None and self.section in _OF_NO_MODEL:
            raise Invalid(
                f"{self.section.heading} are about no model, so model={self.model} selects none.",
                "Leave out one of the two.",
            )
        return (self.section,)


_OF_NO_MODEL = frozenset({DiffSection.MODULES, DiffSection.PARAMETERS})


class ChangeView(Model):
    """A changed record: `details` are its short values, `diff` a unified diff of the long ones."""

    change: ChangeKind
    what: str
    name: str
    details: tuple[str, ...] = ()
    diff: str = ""

    @classmethod
    def shortened(cls, change: Change, *, details: int, line: int, diff: int) -> "ChangeView":
        """Make the view of a change.

        Args:
            change: the change.
            details: how many of its short values to show.
            line: the most characters of one of them.
            diff: the most characters of the unified diff.
        """
        return cls(
            change=change.kind,
            what=change.what,
            name=change.name,
            details=tuple(excerpt(each, line) for each in change.details[:details]),
            diff=excerpt(change.diff, diff),
        )

    @property
    def size(self) -> int:
        """About how many characters it takes in an answer."""
        return len(self.name) + len(self.diff) + sum(map(len, self.details)) + _OVERHEAD


_OVERHEAD = 120


class SectionView(Model):
    """One section: how many records differ, the first of them, and what to know about them."""

    section: DiffSection
    title: str
    added: int
    removed: int
    changed: int
    note: str = ""
    changes: tuple[ChangeView, ...] = ()


class DiffView(Model):
    """The changes from `before` to `after`; names and values are untrusted data of the databases.

    `left_out` names what every environment has of its own and what is never compared.
    """

    name: str
    before: str
    after: str
    sections: tuple[SectionView, ...]
    left_out: str
