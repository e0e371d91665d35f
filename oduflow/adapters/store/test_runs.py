"""Test runs in the store, and the results of their tests."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import ClassVar, TypedDict, Unpack

from pydantic import TypeAdapter
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError

from oduflow.adapters.store.engine import Query, Store
from oduflow.adapters.store.tables import test_runs
from oduflow.domain.errors import NotFound
from oduflow.domain.outcome import Status
from oduflow.domain.test_result import CaseCounts, CaseResult
from oduflow.domain.test_run import TestRun

_RESULTS: TypeAdapter[tuple[CaseResult, ...]] = TypeAdapter(tuple[CaseResult, ...])
_ALL = select(*(test_runs.c[each.name] for each in fields(TestRun))).order_by(
    test_runs.c.created_at.desc(), test_runs.c.id.desc()
)
_BY_ID = _ALL.where(test_runs.c.id == bindparam("id"))
_OF_ENVIRONMENT = _ALL.where(test_runs.c.environment == bindparam("environment"))
_CLONES = _ALL.where(test_runs.c.clone | (test_runs.c.status == Status.RUNNING))
_RESULTS_OF = select(test_runs.c.results).where(test_runs.c.id == bindparam("id"))


class RunChanges(TypedDict, total=False):
    """The columns of a run that may change."""

    status: Status
    finished_at: datetime
    seconds: float
    summary: str
    odoo: str
    counts: CaseCounts
    clone: bool


class TestRuns:
    """Every environment's test runs.

    Args:
        store: where the table lives.
    """

    __test__: ClassVar[bool] = False  # pytest collects classes of such names

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, row: TestRun) -> None:
        """Write a new row, before its clone is made.

        Raises:
            NotFound: its environment is gone.
        """
        values = {each.name: getattr(row, each.name) for each in fields(TestRun)}
        with self._store.write() as connection:
            try:
                connection.execute(test_runs.insert(), {**values, "clone": True, "results": "[]"})
            except IntegrityError as cause:
                raise NotFound("The environment no longer exists.") from cause

    def update(
        self,
        row: str,
        results: Iterable[CaseResult] | None = None,
        **changes: Unpack[RunChanges],
    ) -> TestRun:
        """Change a row, also its results, and return the changed row.

        Raises:
            NotFound: the row is gone.
        """
        values: dict[str, object] = {**changes}
        if results is not None:
            values["results"] = _RESULTS.dump_json(tuple(results)).decode()
        with self._store.write() as connection:
            connection.execute(update(test_runs).where(test_runs.c.id == row).values(**values))
        found = self.by_id(row)
        if found is None:
            raise NotFound("The test run no longer exists.")
        return found

    def remove(self, row: str) -> None:
        """Delete a row with its results; a missing row is no error."""
        with self._store.write() as connection:
            connection.execute(delete(test_runs).where(test_runs.c.id == row))

    def by_id(self, row: str) -> TestRun | None:
        """Return the row with that id, or None."""
        found = self._select(_BY_ID, id=row)
        return found[0] if found else None

    def of(self, environment: str) -> tuple[TestRun, ...]:
        """Return the runs of the environment with that id, the newest first."""
        return self._select(_OF_ENVIRONMENT, environment=environment)

    def results(self, row: str) -> tuple[CaseResult, ...]:
        """Return the results of a run; none if it has none, or is gone."""
        found = self._store.rows(_RESULTS_OF, {"id": row})
        return _RESULTS.validate_json(found[0][0]) if found else ()

    def with_clone(self) -> tuple[TestRun, ...]:
        """Return the runs of which there may be a clone, or the container that uses it.

        A run that is `running` is among them also without the mark: the process that would have
        written its end may be dead. Callers hold the environment's lock, as a living run does.
        """
        return self._select(_CLONES)

    def all(self) -> tuple[TestRun, ...]:
        """Return every environment's runs, the newest first."""
        return self._select(_ALL)

    def _select(self, query: Query, **values: str) -> tuple[TestRun, ...]:
        return tuple(TestRun(*found) for found in self._store.rows(query, values))
