"""The form of an operation, with the submitted values and their problems."""

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
from oduflow.domain.masking import redact_typed
from oduflow.domain.outcome import ErrorView


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one operation.

    Attributes:
        sent: the submitted values by field.
        failure: why the call was refused.
        problems: the message for each field that failed validation.
        clears: whether a field that is left empty clears a value, instead of leaving it as it is.
    """

    fields: tuple[FormField, ...]
    sent: Mapping[str, Sequence[str]] = field(default_factory=dict)
    failure: ErrorView | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    clears: bool = False

    @classmethod
    def of(
        cls, operation: str, sent: MultiDict[str, str], *, without: tuple[str, ...] = ()
    ) -> "Form":
        """Make the form of an operation.

        Args:
            operation: its name.
            sent: the submitted values, or the query of the URL.
            without: fields whose values the page knows.
        """
        fields = form_fields(context().runner.registry.get(operation))
        kept = tuple(field for field in fields if field.name not in without)
        return cls(kept, sent.to_dict(flat=False))

    def only(self, names: Container[str]) -> "Form":
        """Return the form with these fields alone."""
        return replace(self, fields=tuple(field for field in self.fields if field.name in names))

    def arguments(self) -> dict[str, Any]:
        """Return the submitted values as the operation's raw arguments."""
        raw = raw_arguments(self.fields, self.sent)
        for each in self.fields if self.clears else ():
            if each.name in self.sent and each.name not in raw:
                raw[each.name] = [] if each.kind is FieldKind.LIST else ""
        return raw

    def refused(self, failure: Failure) -> "Form":
        """Return the form with the submitted values and the failure."""
        return replace(self, failure=ErrorView.of(failure), problems=problems_of(failure))

    def choosing(self, name: str, choices: Sequence[str], *, closed: bool = False) -> "Form":
        """Give a field choices; a list also accepts other items unless it is `closed`."""
        fields = tuple(
            replace(field, kind=_chosen(field.kind), choices=tuple(choices), closed=closed)
            if field.name == name and choices
            else field
            for field in self.fields
        )
        return replace(self, fields=fields)

    def explaining_default(self, name: str, value: str) -> "Form":
        """Say which value a choice has where nothing is chosen."""
        fields = tuple(
            replace(field, nothing=f"Default ({value})") if field.name == name and value else field
            for field in self.fields
        )
        return replace(self, fields=fields)

    def requiring(self, name: str) -> "Form":
        """Make a browser insist on a field that the operation may leave out."""
        fields = tuple(
            replace(field, required=True) if field.name == name else field for field in self.fields
        )
        return replace(self, fields=fields)

    def suggesting(self, name: str, values: Sequence[str]) -> "Form":
        """Give a text field values that a browser offers; it takes any other as well."""
        fields = tuple(
            replace(field, choices=tuple(values)) if field.name == name else field
            for field in self.fields
        )
        return replace(self, fields=fields)

    def opened_with(self, name: str, value: str) -> "Form":
        """Return the form with a value for one field, as if it had been submitted."""
        return replace(self, sent={**self.sent, name: [value]})

    def value(self, field: FormField) -> str:
        """Return the value that a field shows; empty for a secret."""
        typed = self.sent.get(field.name)
        if field.kind is FieldKind.SECRET:
            return ""
        if typed and field.kind is FieldKind.LIST:
            return redact_typed(" ".join(text for text in typed if text not in field.choices))
        if typed:
            return redact_typed(typed[-1])
        if field.default is None or self._was_left_empty(field):
            return ""
        return _default_text(field)

    def ticked(self, field: FormField) -> frozenset[str]:
        """Return the choices of a list that are ticked: the submitted ones, else the default."""
        given = self.sent.get(field.name)
        if given is None:
            given = () if self._was_left_empty(field) else tuple(map(str, field.default or ()))
        return frozenset(given) & frozenset(field.choices)

    def focused(self) -> str:
        """Return the field that gets the focus: the first with a problem, else the first."""
        names = [field.name for field in self.fields]
        return next((name for name in names if name in self.problems), names[0])

    def _was_left_empty(self, field: FormField) -> bool:
        """Whether the form was submitted without a value for the field."""
        return self.failure is not None and field.name not in self.sent


def _default_text(field: FormField) -> str:
    if field.kind is FieldKind.LIST:
        return " ".join(item for item in map(str, field.default) if item not in field.choices)
    return str(field.default).lower() if field.kind is FieldKind.BOOLEAN else str(field.default)


def _chosen(kind: FieldKind) -> FieldKind:
    return kind if kind is FieldKind.LIST else FieldKind.CHOICE
