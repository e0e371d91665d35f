"""Compare an environment's database with its template or a snapshot, or two of its snapshots."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from oduflow.adapters.postgres.reading.reader import Reader
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.adapters.store import Environments, Snapshots, Templates
from oduflow.domain.comparison.changes import Change, Describer
from oduflow.domain.comparison.kinds import ROWS, DiffSection
from oduflow.domain.comparison.left_out import (
    OF_EVERY_ENVIRONMENT,
    OF_EVERY_MOMENT,
    is_counted,
    is_of_every_environment,
    says_nothing,
)
from oduflow.domain.comparison.records import (
    ChangeKind,
    Content,
    Difference,
    Index,
    Key,
    RecordDigest,
    Value,
    compare,
)
from oduflow.domain.comparison.report import ComparisonReport
from oduflow.domain.comparison.rows import RowChanges, change_of_rows
from oduflow.domain.comparison.view import DiffEnvironment, DiffView
from oduflow.domain.environment import UNFINISHED, Environment, EnvironmentState
from oduflow.domain.errors import Conflict, Failure
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import EnvironmentPlan, Naming, SnapshotPlan, TemplatePlan
from oduflow.domain.template import SETTLED
from oduflow.files.private import ensure_secret
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.reading_copy import (
    STEPS,
    SealedDatabase,
    one_comparison,
    reading_copy,
)
from oduflow.services.snapshots.view import find_snapshot

MOST_DESCRIBED = 5_000  # changes whose values are shown; of further ones only the names


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two databases: its words, and how it is opened."""

    words: str
    tenant: Tenant


@dataclass(slots=True)
class _Found:
    """What was read of both databases."""

    before: Index
    after: Index
    differences: tuple[Difference, ...]
    contents_before: Mapping[Key, Content]
    contents_after: Mapping[Key, Content]
    rows: Mapping[str, RowChanges]


def diff_environment(
    deps: Deps, call: Call, row: Environment, args: DiffEnvironment
) -> Outcome[DiffView]:
    """Return what differs between an environment, its template and its snapshots.

    Raises:
        Conflict: the environment has no database, or its template is gone.
        Failure: one of the two could not be read.
    """
    sections = args.sections
    try:
        with _sides(deps, call, row, args) as (before, after):
            found = _read(call, before, after, sections, args.model)
    except Failure as failure:
        _refuse_deleted(deps.store.environments, row, failure)
        raise
    is_fresh = args.before is None  # a copy differs from its template in what is its own
    differences = [
        each
        for each in found.differences
        if not ((is_fresh and is_of_every_environment(each)) or says_nothing(each))
        and (args.model is None or each.is_about(args.model))
    ]
    report = ComparisonReport(
        name=row.name,
        before=before.words,
        after=after.words,
        sections=sections,
        changes=tuple(_changes(call, found, differences)),
        left_out=OF_EVERY_ENVIRONMENT if is_fresh else OF_EVERY_MOMENT,
        notes={**found.before.notes, **found.after.notes},
    )
    view, is_part = report.view()
    return Outcome(
        view,
        report.summary,
        warnings=_warnings(found),
        output=report.text() if is_part else "",
        truncated=is_part,
    )


def _refuse_deleted(environments: Environments, row: Environment, cause: Failure) -> None:
    """Name the deletion of the environment as the reason of a failure, if it was deleted.

    Raises:
        Conflict: it was.
    """
    now = environments.by_id(row.id)
    if now is None or now.state is EnvironmentState.DELETING:
        raise Conflict(
            f"{row.name} was deleted while it was compared.",
            "",
            Next.of("list_environments", "shows the existing ones"),
        ) from cause


@contextmanager
def _sides(
    deps: Deps, call: Call, row: Environment, args: DiffEnvironment
) -> Iterator[tuple[_Side, _Side]]:
    """Open both sides: the environment in place, a template or a snapshot by a copy."""
    if row.state in UNFINISHED:
        progress = Next.of("get_environment", "shows how far it is", name=row.name)
        raise Conflict(
            f"{row.name} {row.state.sentence}, so there is nothing to compare.", "", progress
        )
    plan = EnvironmentPlan.of(deps.naming, row)
    password = ensure_secret(plan.secrets / "database_password")
    with ExitStack() as stack:
        stack.enter_context(one_comparison(deps.work.locks, plan))
        words, sealed = (
            _snapshot(deps.naming, deps.store.snapshots, row, args.before)
            if args.before
            else _template(deps.naming, deps.store.templates, row)
        )
        copy = stack.enter_context(reading_copy(deps, call, plan, "before", sealed))
        before = _Side(words, copy)
        if args.after:
            words, sealed = _snapshot(deps.naming, deps.store.snapshots, row, args.after)
            copy = stack.enter_context(reading_copy(deps, call, plan, "after", sealed))
            yield before, _Side(words, copy)
        else:
            yield before, _Side(row.name, deps.postgres.tenant(row.team, plan.database, password))


def _template(naming: Naming, templates: Templates, row: Environment) -> tuple[str, SealedDatabase]:
    """Return the template of an environment, in words and as a database.

    Raises:
        Conflict: it is gone.
    """
    template = templates.by_id(row.template_id)
    if template is None or template.state not in SETTLED:
        raise Conflict(
            f"Template {row.template} of {row.name} is gone, so there is nothing to compare with.",
            "",
            Next.of("list_templates", "shows the existing ones"),
        )
    database = TemplatePlan.of(naming, template).database
    return f"template {template.name}", SealedDatabase(database, objects_of=database)


def _snapshot(
    naming: Naming, snapshots: Snapshots, row: Environment, name: str
) -> tuple[str, SealedDatabase]:
    """Return a snapshot of an environment, in words and as a database.

    Raises:
        NotFound: there is none of that name.
    """
    found = find_snapshot(snapshots, row, name)
    owner = EnvironmentPlan.of(naming, row).database
    return f"snapshot {name}", SealedDatabase(SnapshotPlan(found.id).database, objects_of=owner)


def _read(
    call: Call, before: _Side, after: _Side, sections: tuple[DiffSection, ...], model: str | None
) -> _Found:
    """Read both databases, the one that may be in use for as short as possible."""
    call.report("before", f"reading {before.words}", STEPS - 1, STEPS)
    with before.tenant.reading(call.cancelled) as old:
        rows = _rows(old, sections)
    with before.tenant.reading(call.cancelled) as old, old.unchanging():
        index = old.index(sections)
        call.report("after", f"reading {after.words}", STEPS, STEPS)
        with after.tenant.reading(call.cancelled) as new, new.unchanging():
            new_index = new.index(sections)
            differences = compare(index, new_index)
            shown = differences[:MOST_DESCRIBED]
            new_contents = new.contents(_there(shown, after=True))
        with after.tenant.reading(call.cancelled) as new:
            new_rows = _rows(new, sections)
            row_differences = compare(rows, new_rows)
            wanted = _comparable(row_differences, model)
            new_digests = new.row_digests(wanted) if wanted else {}
        contents = old.contents(_there(shown, after=False))
    with before.tenant.reading(call.cancelled) as old:
        digests = old.row_digests(new_digests.keys()) if new_digests else {}
    return _Found(
        _joined(index, rows),
        _joined(new_index, new_rows),
        (*differences, *row_differences),
        {**contents, **_counts(rows)},
        {**new_contents, **_counts(new_rows)},
        {name: RowChanges.between(found, new_digests[name]) for name, found in digests.items()},
    )


def _comparable(differences: tuple[Difference, ...], model: str | None) -> frozenset[str]:
    """Return the tables of which the rows that differ can be found, and are asked for."""
    return frozenset(
        each.key.name
        for each in differences
        if each.before is not None
        and each.after is not None
        and each.before.rows
        and each.after.rows
        and (model is None or each.is_about(model))
    )


def _there(differences: tuple[Difference, ...], *, after: bool) -> dict[Key, RecordDigest]:
    """Return the entries of one side."""
    entries = ((each.key, each.after if after else each.before) for each in differences)
    return {key: entry for key, entry in entries if entry is not None}


def _rows(reader: Reader, sections: tuple[DiffSection, ...]) -> Index:
    return reader.rows(is_counted) if DiffSection.ROWS in sections else Index()


def _counts(rows: Index) -> dict[Key, Content]:
    return {key: {"rows": Value(entry.digest, entry.digest)} for key, entry in rows.entries.items()}


def _joined(one: Index, other: Index) -> Index:
    return Index(
        {**one.entries, **other.entries},
        {**one.ends, **other.ends},
        {**one.problems, **other.problems},
        {**one.notes, **other.notes},
    )


def _changes(call: Call, found: _Found, differences: list[Difference]) -> Iterator[Change]:
    describer = Describer()
    order = list(DiffSection)
    for each in sorted(differences, key=lambda each: order.index(each.section)):
        call.raise_if_cancelled()
        if each.key.kind == ROWS.name and each.kind is ChangeKind.CHANGED:
            change = change_of_rows(each, found.rows.get(each.key.name))
        else:
            before, after = found.contents_before.get(each.key), found.contents_after.get(each.key)
            change = describer.describe(each, before, after)
        if change is not None:
            yield change


def _warnings(found: _Found) -> tuple[str, ...]:
    problems = {**found.before.problems, **found.after.problems}
    ends = found.before.ends.keys() | found.after.ends.keys()
    return (
        *(f"{kind} was not compared: {reason}" for kind, reason in sorted(problems.items())),
        *(f"Of {kind} only the first records were compared." for kind in sorted(ends)),
    )
