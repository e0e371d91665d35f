"""The result of neutralising a database, and why it fails."""

from dataclasses import dataclass

from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.outcome import Model


class NotNeutralised(UpstreamFailed):
    """A database was not neutralised, or reading back did not prove it."""


class RuleApplied(Model):
    """One rule, in words, and how many rows it changed or deleted."""

    rule: str
    rows: int


class Neutralised(Model):
    """What was done to a database before anything may boot on it. The time is RFC 3339 in UTC.

    Attributes:
        at: when the database was read back for the last time.
        odoo: the modules whose own neutralize.sql ran; empty for an Odoo that has none.
        rules: the product's own rules; one with 0 rows found nothing to change.
        proven: the names of the rules that were read back and left no row.
        scripts: the team's SQL scripts that ran.
        anonymised: the fields, such as `res.partner.email`, with their rows.
        warnings: what a person should look at.
    """

    at: str
    seconds: float
    odoo: tuple[str, ...]
    rules: tuple[RuleApplied, ...]
    proven: tuple[str, ...]
    scripts: tuple[str, ...] = ()
    anonymised: tuple[RuleApplied, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remaining:
    """Rows that contradict a rule after it was applied.

    Attributes:
        rule: its name.
        table: where they are.
        rows: the first of them, by id, or a sentence.
    """

    rule: str
    table: str
    rows: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule}: {self.table} {', '.join(self.rows)}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the database says when it is read back.

    Attributes:
        proven: the rules without a remaining row.
        remaining: the rules with some.
        warnings: triggers and rules of the database's own, and what looks like a credential.
    """

    proven: tuple[str, ...]
    remaining: tuple[Remaining, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SqlScript:
    """One of the team's SQL scripts: its file's name and its text."""

    name: str
    text: str
