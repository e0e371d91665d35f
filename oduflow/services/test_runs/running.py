"""The steps of one test run: a clone is made, tests run on it, and it is removed."""

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

from oduflow.adapters.odoo.addons_path import repository_target
from oduflow.adapters.odoo.test_output import RecordReader, new_mark, request_text, run_tests
from oduflow.domain.container import RunResult
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Failure, UpstreamFailed
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.test_choice import ChosenTests
from oduflow.domain.test_records import TestRecords
from oduflow.domain.test_run import TestRun
from oduflow.kernel.call import Call
from oduflow.services.browser_image import BrowserImage
from oduflow.services.deps import Deps
from oduflow.services.environments.container import (
    REQUEST_TARGET,
    repository_folders,
    tests_spec,
)
from oduflow.services.environments.module_change.output import OdooOutput
from oduflow.services.environments.test_clone import TestClone
from oduflow.services.saga import RESERVE, Saga, Step
from oduflow.services.snapshots.create import (
    make_temporary_snapshot,
    remove_temporary_snapshot,
)
from oduflow.services.snapshots.parts import SnapshotParts

log = logging.getLogger(__name__)

TESTS = "tests"  # the saga's name, and that of the step in which they run
TELL_SECONDS = 0.5  # between two lines of progress


@dataclass(slots=True, kw_only=True)
class RunningTests:
    """One run.

    Attributes:
        run: its row.
        timeout: seconds that the tests may take, loading Odoo included.
        records: what the tests' container has told.
        result: how the container ended; None if it was removed before.
        is_late: whether it was removed because its time was over.
        seconds: how long it ran.
    """

    deps: Deps
    call: Call
    row: Environment
    image: BrowserImage
    run: TestRun
    chosen: ChosenTests
    timeout: int
    records: TestRecords = field(init=False)
    output: OdooOutput = field(default_factory=OdooOutput, init=False)
    result: RunResult | None = field(default=None, init=False)
    is_late: bool = field(default=False, init=False)
    seconds: float = field(default=0.0, init=False)
    _clone: TestClone = field(init=False)
    _taken: SnapshotParts | None = field(default=None, init=False)
    _position: tuple[int, int] = field(default=(0, 0), init=False)
    _told: float = field(default=0.0, init=False)
    _said: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.records = TestRecords(repository_target(self.row.repo_url))
        self._clone = TestClone(self.deps, EnvironmentPlan.of(self.deps.naming, self.row))

    def perform(self) -> None:
        """Run the tests, and remove what was made for them, also after a failure.

        What became of the tests is in `records`: a failed one is no exception.

        Raises:
            Cancelled: the job was cancelled.
            Failure: the clone could not be made.
        """
        Saga(TESTS, self.steps(), self.on_step, self.deps.work.failpoints).run()

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order, each with its undo."""
        clone = self._clone
        return (
            Step(RESERVE, "removing what was left over", self.reserve),
            Step("snapshot", "taking a snapshot", self.snapshot, self.forget),
            Step("database", "cloning the database", self.database, clone.remove_database),
            Step("filestore", "cloning the filestore", self.filestore, clone.remove_filestore),
            Step("forget", "removing the snapshot", self.forget),
            Step(TESTS, "loading Odoo", self.tests, self.remove_container),
        )

    def on_step(self, step: Step, number: int, total: int) -> None:
        """Report which step begins."""
        self._position = (number, total)
        self.call.report(step.name, step.message, number, total)

    def reserve(self) -> None:
        """Write the row before anything else: recovery removes the rest by it."""
        self.deps.store.test_runs.add(self.run)
        self._clone.remove()

    def snapshot(self) -> None:
        """Take a snapshot of the environment, which pauses for a moment if it runs."""
        self._taken = make_temporary_snapshot(self.deps, self.call, self.row, self._tell)

    def database(self) -> None:
        """Make the snapshot's database the clone's."""
        if self._taken is not None:
            self._clone.take_database(self._taken, self.call)

    def filestore(self) -> None:
        """Make the snapshot's files the clone's."""
        if self._taken is not None:
            self._clone.take_filestore(self._taken)

    def forget(self) -> None:
        """Remove what is left of the snapshot."""
        if self._taken is not None:
            remove_temporary_snapshot(self._taken)

    def tests(self) -> None:
        """Run the container; it holds a boot slot until the first test begins."""
        mark = new_mark()
        request = request_text(self.chosen, repository_folders(self.row), mark)
        self._clone.write_files(self.row, self.image.facts, request)
        limits = self.deps.limits(self.row.team)
        spec = tests_spec(
            self._clone.plan, self.row, self.image.facts, limits, run_tests(REQUEST_TARGET)
        )
        reader = RecordReader(mark)
        with ExitStack() as slot:
            slot.enter_context(self.call.boot_slot())
            started = time.monotonic()

            def on_line(line: str) -> None:
                if not reader.is_part(line):
                    self.output.add(line)
                elif (record := reader.read(line)) is not None:
                    self.records.add(record)
                    if self.records.running:
                        slot.close()  # from now on it loads nothing

            monitor = ProgressMonitor(on_line, self._is_cancelled)
            try:
                self.result = self.deps.engine.containers.run_one_off(
                    spec, timeout=self.timeout, monitor=monitor
                )
            except UpstreamFailed:
                self.is_late = time.monotonic() - started >= self.timeout
                if not self.is_late:
                    raise
            finally:
                self.seconds = round(time.monotonic() - started, 2)

    def remove_container(self) -> None:
        """Remove the container and its configuration."""
        self._clone.remove_container()
        self._clone.remove_files()

    def clear(self) -> bool:
        """Remove all that was made; return whether nothing is left for recovery."""
        try:
            self.forget()
            self._clone.remove()
        except (Failure, OSError):
            log.exception("the clone of %s for tests is removed later", self.row.name)
            return False
        return True

    def _is_cancelled(self) -> bool:
        """Tell how far the tests are, and whether to stop; called several times a second."""
        said = self.records.progress if self.records.planned else ""
        if said != self._said and time.monotonic() - self._told > TELL_SECONDS:
            self._told, self._said = time.monotonic(), said
            self.call.tell(TESTS, said, *self._position)
        return self.call.cancelled()

    def _tell(self, line: str) -> None:
        self.call.report("snapshot", line, *self._position)
