import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from oduflow.domain.errors import Busy, Cancelled, Conflict, NotFound, QuotaReached, UpstreamFailed
from oduflow.domain.job import Job, Progress, Subject
from oduflow.domain.outcome import Envelope, Nothing, Status
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.jobs import UNFINISHED_OF_A_TEAM, Jobs
from oduflow.kernel.locks import LockKey
from tests.support.fakes import FakeBootSlots, FakeJobStore, FakeLocks, FakeOutputs
from tests.support.store_rows import actor, holding, job

REST = Origin("rest", "203.0.113.9")
SALE = Subject("environment", "sale", holding(environment="sale"))
PATIENCE = 5.0


@dataclass
class HeldWork:
    """Work that waits until the test releases it."""

    act: Callable[[Call], object] = str
    started: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __call__(self, call: Call) -> Envelope[Any]:
        self.started.set()
        assert self.go_on.wait(PATIENCE)
        self.act(call)
        return Envelope[Nothing](status=Status.OK, summary="done", job=call.job)


def test_a_job_is_a_row_before_its_work_begins(jobs, store, work):
    started = start(jobs, work)

    row = store.rows[started.id]
    assert (row.operation, row.target, row.face) == ("create_environment", "sale", "rest")
    assert (row.status, row.actor, row.holder) == (Status.RUNNING, actor(), os.getpid())


def test_starting_does_not_wait_for_the_work(jobs, work):
    started = start(jobs, work)

    assert not work.go_on.is_set()
    assert jobs.get("1", started.id).status is Status.RUNNING


def test_a_finished_job_holds_its_envelope(jobs, work):
    done = finish(jobs, start(jobs, work), work)

    assert done.status is Status.OK
    assert Envelope[Nothing].model_validate(done.result).summary == "done"


def test_the_work_knows_its_job_and_who_asks(jobs, work):
    calls: list[Call] = []
    work.act = calls.append

    done = finish(jobs, start(jobs, work), work)

    assert (calls[0].job, calls[0].actor, calls[0].origin) == (done.id, actor(), REST)


def test_a_waiter_sees_each_step_once(jobs, work):
    seen: list[Progress | None] = []
    shown = threading.Event()

    def show(row: Job) -> None:
        seen.append(row.progress)
        shown.set()

    def act(call: Call) -> None:
        for step in ("checkout", "database"):
            shown.clear()
            call.report(step, step, 1, 2)
            assert shown.wait(PATIENCE)

    work.act = act
    started = start(jobs, work)
    work.go_on.set()
    jobs.wait("1", started.id, PATIENCE, show)

    steps = [progress.step for progress in seen if progress]
    assert list(dict.fromkeys(steps)) == ["checkout", "database"]
    assert len(steps) <= 3, "only changes are told: the last step twice, as running and as ended"


def test_waiting_ends_with_the_time(jobs, work):
    started = start(jobs, work)

    assert jobs.wait("1", started.id, 0).status is Status.RUNNING
    assert jobs.wait("1", started.id, 0.05).status is Status.RUNNING


def test_waiting_for_a_finished_job_does_not_wait(jobs, store):
    store.add(job(status=Status.OK, result={}))

    assert jobs.wait("1", job().id, 60).status is Status.OK


def test_a_job_of_another_process_can_be_waited_for(jobs, store, locks):
    store.add(job())
    locks.acquire(LockKey.job(job().id), "another process")
    threading.Timer(0.05, store.finish, (job().id, Status.OK, {})).start()

    assert jobs.wait("1", job().id, PATIENCE).status is Status.OK


def test_waiting_for_the_job_of_a_dead_process_ends(jobs, store):
    store.add(job())

    dead = jobs.wait("1", job().id, 60)

    assert dead.status is Status.INTERRUPTED
    assert dead.result["error"]["message"].startswith("The process that ran this job ended")


def test_a_failure_ends_the_job_failed_with_its_reason(jobs, work):
    work.act = raising(UpstreamFailed("Docker is away.", "Start it.", output="last line"))

    failed = finish(jobs, start(jobs, work), work)

    assert failed.status is Status.FAILED
    assert failed.result["summary"] == "create_environment sale: Docker is away."
    assert (failed.result["error"]["hint"], failed.result["next"]) == ("Start it.", [])
    assert failed.result["error"] == {
        "kind": "upstream",
        "message": "Docker is away.",
        "hint": "Start it.",
        "output": "last line",
        "handle": None,
        "next": [],
    }


def test_the_whole_of_a_long_output_is_kept_for_the_jobs_environment(jobs, outputs, work):
    work.act = raising(UpstreamFailed("Odoo ended.", "Fix it.", output="x" * 9000))
    started = jobs.start(
        "rebuild_environment", replace(SALE, environment_id="a"), actor(), REST, work
    )

    result = finish(jobs, started, work).result

    ((owner, stored),) = outputs.stored.items()
    assert (owner[0], *stored) == ("1", "a", "x" * 9000)
    assert (result["output"], result["truncated"]) == (owner[1], True)
    assert [step["arguments"] for step in result["next"]] == [{"handle": owner[1]}]
    assert result["next"][-1]["reason"].startswith("shows the whole output")
    assert len(result["error"]["output"]) == 8000


def test_the_whole_of_an_output_that_was_explained_is_kept(jobs, outputs, work):
    work.act = raising(UpstreamFailed("Odoo ended.", output="last line", whole="one\nlast line"))

    result = finish(jobs, start(jobs, work), work).result

    assert result["error"]["output"] == "last line"
    assert outputs.read("1", result["output"]) == "one\nlast line"


def test_the_output_of_a_job_of_two_environments_is_the_teams(jobs, outputs, work):
    work.act = raising(UpstreamFailed("Odoo ended.", "Fix it.", output="x" * 9000))
    both = (*SALE.holds, *holding(environment="try"))
    copying = replace(SALE, holds=both, environment_id="a")
    started = jobs.start("copy_environment", copying, actor(), REST, work)

    finish(jobs, started, work)

    [(environment, _text)] = outputs.stored.values()
    assert environment == ""


@pytest.mark.parametrize("output", ["", "last line", "last line\n"])
def test_an_output_that_is_shown_whole_is_not_kept(jobs, outputs, work, output):
    work.act = raising(UpstreamFailed("Odoo ended.", output=output))

    result = finish(jobs, start(jobs, work), work).result

    assert (result["output"], result["truncated"], result["warnings"]) == (None, None, [])
    assert outputs.stored == {}


def test_a_disk_too_full_for_an_output_leaves_the_failure_as_it_is(jobs, outputs, work):
    outputs.full = True
    work.act = raising(UpstreamFailed("Odoo ended.", "Fix it.", output="x" * 9000))

    result = finish(jobs, start(jobs, work), work).result

    assert (result["output"], result["truncated"], result["next"]) == (None, True, [])
    assert result["warnings"] == ["The whole output was not kept: The disk is full."]
    assert result["error"]["kind"] == "upstream"


def test_cancelling_asks_the_work_to_stop(jobs, work):
    work.act = Call.raise_if_cancelled
    started = start(jobs, work)

    assert jobs.cancel("1", started.id).cancel_requested
    cancelled = finish(jobs, started, work)

    assert cancelled.status is Status.CANCELLED
    assert cancelled.result["error"]["kind"] == "cancelled"


def test_work_that_finds_itself_cancelled_ends_cancelled(jobs, work):
    work.act = raising(Cancelled("Stopped on request."))

    assert finish(jobs, start(jobs, work), work).status is Status.CANCELLED


def test_cancelling_a_finished_job_changes_nothing(jobs, work):
    done = finish(jobs, start(jobs, work), work)

    assert jobs.cancel("1", done.id) == done


def test_what_is_only_ever_finished_is_not_asked_to_stop(store, locks, slots, work):
    jobs = Jobs(
        store, locks, slots, FakeOutputs(), lambda operation: operation != "create_environment"
    )
    started = start(jobs, work)

    with pytest.raises(
        Conflict, match="create_environment cannot be cancelled once it has started"
    ) as no:
        jobs.cancel("1", started.id)

    assert [step.as_call() for step in no.value.next] == [f"wait_for_job job={started.id}"]
    assert not store.rows[started.id].cancel_requested
    assert not jobs.cancellable(started)
    done = finish(jobs, started, work)
    assert jobs.cancel("1", done.id) == done, "as with any that is finished"


def test_a_job_can_be_cancelled_until_it_is_finished(jobs, work):
    started = start(jobs, work)

    assert jobs.cancellable(started)
    assert not jobs.cancellable(finish(jobs, started, work))


@pytest.mark.parametrize("ask", [Jobs.get, Jobs.cancel, lambda jobs, *who: jobs.wait(*who, 0)])
def test_another_teams_job_does_not_exist(jobs, work, ask):
    started = start(jobs, work)

    with pytest.raises(NotFound, match=f"There is no job {started.id}"):
        ask(jobs, "2", started.id)

    assert not jobs.get("1", started.id).cancel_requested


def test_only_what_this_process_works_on_is_here(jobs, store, locks, work):
    store.add(job(id="elsewhere"))
    locks.acquire(LockKey.job("elsewhere"), "another process")
    started = start(jobs, work)

    assert jobs.in_this_process() == {started.id}

    finish(jobs, started, work)
    assert jobs.in_this_process() == set()


def test_the_lock_lives_as_long_as_the_work(jobs, locks, work):
    started = start(jobs, work)

    assert jobs.alive(started.id)
    assert list(locks.holders) == [LockKey.job(started.id)]

    finish(jobs, started, work)
    assert not jobs.alive(started.id)


def test_the_lock_is_let_go_after_the_end_is_written(jobs, locks, work):
    started = start(jobs, work)
    held_at_the_end: list[bool] = []
    jobs.store.on_finish = lambda: held_at_the_end.append(jobs.alive(started.id))

    finish(jobs, started, work)

    assert held_at_the_end == [True]


def test_sweeping_marks_only_jobs_whose_lock_is_free(jobs, store, locks, work):
    running = start(jobs, work)
    store.add(job(id="dead"))
    store.add(job(id="elsewhere"))
    store.add(job(id="done", status=Status.OK))
    locks.acquire(LockKey.job("elsewhere"), "another process")

    swept = jobs.interrupt_dead()

    assert [row.id for row in swept] == ["dead"]
    assert store.rows["dead"].status is Status.INTERRUPTED
    assert store.rows["dead"].result["status"] == "interrupted"
    assert store.rows["elsewhere"].status is Status.RUNNING
    assert store.rows[running.id].status is Status.RUNNING
    assert store.rows["done"].status is Status.OK


def test_a_closed_server_starts_nothing_more(jobs, store, locks, work):
    running = start(jobs, work)
    jobs.close()

    with pytest.raises(Busy, match="shutting down"):
        start(jobs, work)

    assert list(store.rows) == [running.id]
    assert finish(jobs, running, work).status is Status.OK, "what runs may end"


def test_a_row_that_cannot_be_written_starts_nothing(jobs, store, locks, work):
    store.on_add = raising(QuotaReached("The disk is full."))

    with pytest.raises(QuotaReached):
        start(jobs, work)

    assert locks.holders == {}
    assert not work.started.is_set()


def test_an_end_that_cannot_be_written_is_logged_and_told_to_who_waits(jobs, store, work, caplog):
    started = start(jobs, work)
    store.on_finish = raising(QuotaReached("The disk is full."))
    work.go_on.set()

    with pytest.raises(QuotaReached):
        jobs.wait("1", started.id, 60)

    assert not jobs.alive(started.id)
    assert f"job {started.id} could not be finished" in caplog.text


def test_a_defect_that_passed_every_net_leaves_no_waiter_behind(jobs, store, work, caplog):
    work.act = raising(SystemExit("odd"))

    ended = finish(jobs, start(jobs, work), work)

    assert ended.status is Status.INTERRUPTED
    assert "could not be finished" in caplog.text


def test_waiting_for_a_boot_slot_shows_in_the_row(jobs, store, slots, work):
    def boot(call: Call) -> None:
        with call.boot_slot():
            pass

    slots.free.clear()
    work.act = boot
    started = start(jobs, work)
    work.go_on.set()
    queued: list[Job] = []

    def show(row: Job) -> None:
        if row.status is Status.QUEUED:
            queued.append(row)
            slots.free.set()

    jobs.wait("1", started.id, PATIENCE, show)

    assert queued[0].position == 1
    assert jobs.get("1", started.id).status is Status.OK


def test_a_team_has_so_many_unfinished_jobs_and_no_more_until_one_has_ended(jobs, store, work):
    started = [start(jobs, work) for _ in range(UNFINISHED_OF_A_TEAM)]
    threads = threading.active_count()

    with pytest.raises(QuotaReached) as refused:
        start(jobs, work)

    assert [step.operation for step in refused.value.next] == ["list_jobs"]
    assert threading.active_count() <= threads
    assert len(store.rows) == UNFINISHED_OF_A_TEAM, "what is refused has no row"
    for each in started:
        finish(jobs, each, work)
    assert finish(jobs, start(jobs, work), work).status is Status.OK


def test_the_jobs_of_one_team_do_not_count_for_another(jobs, work):
    for _ in range(UNFINISHED_OF_A_TEAM):
        start(jobs, work)
    other = replace(actor(), team="2")

    assert jobs.start("create_environment", SALE, other, REST, work).status is Status.RUNNING


def test_what_the_server_itself_goes_on_with_is_never_refused(jobs, work):
    for _ in range(UNFINISHED_OF_A_TEAM):
        start(jobs, work)

    revived = jobs.start("start_environment", SALE, actor(), REST, work, revival=True)

    assert revived.status is Status.RUNNING


def test_a_job_that_could_not_begin_counts_no_more(jobs, store, work):
    store.on_add = raising(QuotaReached("The disk is full."))
    for _ in range(UNFINISHED_OF_A_TEAM):
        with pytest.raises(QuotaReached, match="disk"):
            start(jobs, work)
    store.on_add = str

    assert start(jobs, work).status is Status.RUNNING


class RecordingJobStore(FakeJobStore):
    """A store that records its calls, and fails on request."""

    on_add: Callable[[], object] = str
    on_finish: Callable[[], object] = str

    def add(self, job: Job) -> None:
        self.on_add()
        super().add(job)

    def finish(self, job: str, status: Status, result: dict[str, Any]) -> None:
        self.on_finish()
        super().finish(job, status, result)


def raising(error: BaseException) -> Callable[..., None]:
    def act(*_: object) -> None:
        raise error

    return act


def start(jobs: Jobs, work: HeldWork) -> Job:
    return jobs.start("create_environment", SALE, actor(), REST, work)


def finish(jobs: Jobs, started: Job, work: HeldWork) -> Any:
    work.go_on.set()
    return jobs.wait("1", started.id, PATIENCE)


@pytest.fixture
def store():
    return RecordingJobStore()


@pytest.fixture
def locks():
    return FakeLocks()


@pytest.fixture
def slots():
    return FakeBootSlots()


@pytest.fixture
def outputs():
    return FakeOutputs()


@pytest.fixture
def jobs(store, locks, slots, outputs):
    return Jobs(store, locks, slots, outputs)


@pytest.fixture
def work():
    """Return work that ends at the end of the test."""
    made = HeldWork()
    yield made
    made.go_on.set()
