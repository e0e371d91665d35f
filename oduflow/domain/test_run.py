"""Test runs: the operations' inputs, the row, and the views."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, StringConstraints

from oduflow.domain.environment import EnvironmentName, ModuleName
from oduflow.domain.errors import Invalid, NotFound
from oduflow.domain.limits import between
from oduflow.domain.module_change import MAX_MODULES
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Status
from oduflow.domain.output import HANDLE
from oduflow.domain.sql import without_nul
from oduflow.domain.test_result import CaseCounts

RUNS_KEPT = 20  # of an environment
RUN_DAYS = 30
LONGEST_SECONDS = 4 * 3600

RunId = Annotated[str, StringConstraints(pattern=HANDLE)]


class RunTests(EnvironmentName):
    """Which tests to run."""

    modules: Annotated[
        tuple[ModuleName, ...],
        Field(max_length=MAX_MODULES, description="Installed modules."),
    ] = ()
    tags: Annotated[
        str,
        StringConstraints(max_length=2000),
        AfterValidator(without_nul),
        Field(description="Odoo's test tags, such as :TestOrder.test_total or -slow."),
    ] = ""
    failed_of: Annotated[
        RunId | None, Field(description="A run: repeats what did not pass in it.")
    ] = None
    timeout: Annotated[int, between(10, LONGEST_SECONDS), Field(description="Seconds for all.")] = (
        1800
    )


class RunOfEnvironment(EnvironmentName):
    """One test run."""

    run: Annotated[RunId, Field(description="Its id.", examples=["abcdefgh2345"])]


class GetTestRun(RunOfEnvironment):
    """One test run, and what to show of it."""

    junit: Annotated[bool, Field(description="True keeps it as JUnit XML for read_output.")] = False


def check_wanted(args: RunTests) -> None:
    """Refuse a call that says neither modules nor a run to repeat.

    Raises:
        Invalid: it says neither.
    """
    if not args.modules and args.failed_of is None:
        refusal = Invalid(
            "Say which modules to test.",
            "Name installed modules, or in failed_of a run whose failed tests to repeat.",
            Next.of("list_modules", "shows the modules and their states", name=args.name),
        )
        refusal.argument = "modules"
        raise refusal


@dataclass(frozen=True, slots=True)
class TestRun:
    """One row of the store, without the results of its tests.

    Attributes:
        status: `running` until the container is gone; `interrupted` when its process died.
        tags: as they were asked for.
        failed_of: the run that it repeats what failed of; empty for none.
        summary: how it ended.
        odoo: Odoo's own counts, in its words.
    """

    __test__: ClassVar[bool] = False  # pytest collects classes of such names

    id: str
    environment: str
    team: str
    status: Status
    modules: tuple[str, ...]
    tags: str
    failed_of: str
    commit: str
    created_by: str
    created_at: datetime
    job: str
    finished_at: datetime | None = None
    seconds: float = 0.0
    summary: str = ""
    odoo: str = ""
    counts: CaseCounts = field(default_factory=CaseCounts)


def no_run(environment: str, run: str) -> NotFound:
    """Make the error for a run that is missing."""
    return NotFound(
        f"{environment} has no test run {run}.",
        f"The latest {RUNS_KEPT} are kept for {RUN_DAYS} days.",
        Next.of("list_test_runs", "shows the existing ones", name=environment),
    )


def outdated(runs: Iterable[TestRun], moment: datetime) -> tuple[TestRun, ...]:
    """Return the runs of one environment that are kept no longer.

    Args:
        runs: all of them, the newest first.
        moment: the time now.
    """
    oldest = moment - timedelta(days=RUN_DAYS)
    ended = [run for run in runs if run.status is not Status.RUNNING]
    return tuple(
        run
        for position, run in enumerate(ended)
        if position >= RUNS_KEPT or run.created_at < oldest
    )
