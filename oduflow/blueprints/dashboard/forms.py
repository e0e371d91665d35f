"""A form of an operation: what was typed so far, and what is wrong with it."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from oduflow.blueprints.context import context
from oduflow.blueprints.dashboard.form_fields import (
    FieldKind,
    FormField,
    form_fields,
    problems_of,
    raw_arguments,
)
from oduflow.domain.errors import Failure
from oduflow.domain.masking import redact
from oduflow.domain.outcome import ErrorView


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one operation, filled in or not.

    Attributes:
        sent: what was typed, by field.
        failure: why it was refused.
        problems: which fields are to blame.
    """

    fields: tuple[FormField, ...]
    sent: Mapping[str, Sequence[str]] = field(default_factory=dict)
    failure: ErrorView | None = None
    problems: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, operation: str, sent: MultiDict[str, str], *, without: tuple[str, ...] = ()
    ) -> "Form":
        """Make the form of an operation.

        Args:
            operation: its name.
            sent: what was typed already.
            without: fields that the page itself knows.
        """
        fields = form_fields(context().runner.registry.get(operation))
        kept = tuple(field for field in fields if field.name not in without)
        return cls(kept, sent.to_dict(flat=False))

    def only(self, names: Container[str]) -> "Form":
        """Leave the other fields out."""
        return replace(self, fields=tuple(field for field in self.fields if field.name in names))

    def arguments(self) -> dict[str, Any]:
        """Return what was typed as the operation's raw arguments."""
        return raw_arguments(self.fields, self.sent)

    def refused(self, failure: Failure) -> "Form":
        """Keep what was typed, and say what is wrong with it."""
        return replace(self, failure=ErrorView.of(failure), problems=problems_of(failure))

    def choosing(self, name: str, choices: Sequence[str]) -> "Form":
        """Let one field be chosen from what there is; a list stays open for more."""
        fields = tuple(
            replace(field, kind=_chosen(field.kind), choices=tuple(choices))
            if field.name == name and choices
            else field
            for field in self.fields
        )
        return replace(self, fields=fields)

    def value(self, field: FormField) -> str:
        """Return what a field shows: what was typed, unless it is secret, else its default."""
        typed = self.sent.get(field.name)
        if field.kind is FieldKind.SECRET:
            return ""
        if typed and field.kind is FieldKind.LIST:
            return redact(" ".join(text for text in typed if text not in field.choices))
        if typed:
            return redact(typed[-1])
        if field.default is None or field.default == []:
            return ""
        return str(field.default).lower()

    def ticked(self, field: FormField) -> frozenset[str]:
        """Return which choices of a list are taken."""
        return frozenset(self.sent.get(field.name, ())) & frozenset(field.choices)

    def focused(self) -> str:
        """Return the field where typing begins: the first that is wrong, else the first."""
        names = [field.name for field in self.fields]
        return next((name for name in names if name in self.problems), names[0])


def _chosen(kind: FieldKind) -> FieldKind:
    return kind if kind is FieldKind.LIST else FieldKind.CHOICE
