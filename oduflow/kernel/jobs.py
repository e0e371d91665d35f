"""Run slow operations as jobs: a row, a thread, and a file lock held while the process lives."""

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from oduflow.domain.access import Actor
from oduflow.domain.clock import now
from oduflow.domain.errors import (
    Busy,
    Cancelled,
    Conflict,
    Failure,
    NotFound,
    QuotaReached,
)
from oduflow.domain.job import RUNS_CODE, Job, Progress, Subject
from oduflow.domain.names import new_id
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import FINISHED, Envelope, ErrorView, Nothing, Status
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.locks import Held, LockKey, Locks
from oduflow.kernel.outputs import KeptOutput, keep_output, kept_as
from oduflow.kernel.ports import BootSlots, JobStore, OutputStore

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
# Each job holds a thread and descriptors while it waits for a boot slot. Twice the default number
# of environments of a team, so that all of them can have a job at once.
UNFINISHED_OF_A_TEAM = 40

Work = Callable[[Call], Envelope[Any]]


class Jobs:
    """Starts jobs in this process, and reads and cancels those of every process.

    Args:
        store: their rows.
        locks: prove that a job's owner lives.
        slots: what a boot waits for.
        outputs: keeps the whole output of a failed job.
        can_cancel: whether jobs of an operation can be called off.
    """

    def __init__(
        self,
        store: JobStore,
        locks: Locks,
        slots: BootSlots,
        outputs: OutputStore,
        can_cancel: Callable[[str], bool] = lambda _operation: True,
    ) -> None:
        self.store = store
        self._can_cancel = can_cancel
        self._locks = locks
        self._slots = slots
        self._outputs = outputs
        self._ended: dict[str, threading.Event] = {}
        self._of_team: Counter[str] = Counter()
        self._guard = threading.Lock()
        self._closing = threading.Event()

    def start(
        self,
        operation: str,
        subject: Subject,
        actor: Actor,
        origin: Origin,
        work: Work,
        *,
        revival: bool = False,
    ) -> Job:
        """Write the job's row and run `work` in a new thread.

        Args:
            operation: the operation's name.
            subject: what the job is about.
            actor: the caller.
            origin: the face and the client's address.
            work: the function to run.
            revival: whether the reconciler continues interrupted work, which no quota refuses.

        Raises:
            Busy: the server is shutting down.
            QuotaReached: too many of the team's jobs are unfinished in this process.
        """
        if self._closing.is_set():
            raise Busy("The server is shutting down.", "Call again in a few seconds.")
        job = Job(
            id=new_id(),
            operation=operation,
            target=subject.name,
            actor=actor,
            face=origin.face,
            status=Status.RUNNING,
            created_at=now(),
            updated_at=now(),
            holder=os.getpid(),
            environment=subject.environment_id,
            noun=subject.noun,
            holds=subject.holds,
        )
        self._count_in(actor.team, revival=revival)
        try:
            self._begin(job, origin, work)
        except BaseException:
            self._count_out(actor.team)
            raise
        return job

    def get(self, team: str, job: str) -> Job:
        """Return the team's job.

        Raises:
            NotFound: the team has no such job.
        """
        found = self.store.get(team, job)
        if found is None:
            raise no_job(job)
        return found

    def visible_to(self, actor: Actor, *, active: bool, limit: int) -> Sequence[Job]:
        """Return the jobs that the actor may see, newest first."""
        return self.store.list(
            actor.team, active=active, limit=limit, environments=actor.environments
        )

    def wait(
        self,
        team: str,
        job: str,
        seconds: float,
        on_progress: Callable[[Job], None] | None = None,
    ) -> Job:
        """Wait until the job is finished, at most `seconds`; return its row.

        Marks a job `interrupted` when its process died, instead of waiting for it.

        Raises:
            NotFound: the team has no such job.
        """
        deadline = time.monotonic() + seconds
        ended = self._ended.get(job)
        seen: Job | None = None
        while True:
            owned = ended is not None and not ended.is_set()
            over = not owned and not self.alive(job)
            found = self.get(team, job)
            if over and found.status not in FINISHED:
                self._interrupt(found)
                found = self.get(team, job)
            if on_progress is not None and _progressed(seen, found):
                on_progress(found)
            seen = found
            left = deadline - time.monotonic()
            if found.status in FINISHED or left <= 0:
                return found
            pause = min(POLL_SECONDS, left)
            time.sleep(pause) if ended is None else ended.wait(pause)

    def cancel(self, team: str, job: str) -> Job:
        """Cancel the job: it stops at its next step and undoes its steps.

        Raises:
            Conflict: jobs of its operation cannot be cancelled.
            NotFound: the team has no such job.
        """
        found = self.get(team, job)
        if found.status in FINISHED:
            return found
        if not self.cancellable(found):
            raise Conflict(
                f"{found.operation} cannot be cancelled once it has started.",
                "",
                Next.of("wait_for_job", "waits for its end", job=job),
            )
        self.store.request_cancel(job)
        return self.get(team, job)

    def cancellable(self, job: Job) -> bool:
        """Whether the job is unfinished and can be cancelled."""
        return job.status not in FINISHED and self._can_cancel(job.operation)

    def alive(self, job: str) -> bool:
        """Whether a living process runs the job."""
        return not self._locks.is_free(LockKey.job(job))

    def in_this_process(self) -> frozenset[str]:
        """Return the ids of the jobs that this process runs."""
        return frozenset(self._ended)

    def interrupt_dead(self) -> list[Job]:
        """Mark the jobs of dead processes `interrupted`, and return them."""
        dead = [job for job in self.store.unfinished() if not self.alive(job.id)]
        for job in dead:
            self._interrupt(job)
        return dead

    def close(self) -> None:
        """Refuse new jobs; running ones end with the process and are undone at the next start."""
        self._closing.set()

    def _count_in(self, team: str, *, revival: bool) -> None:
        with self._guard:
            if self._of_team[team] >= UNFINISHED_OF_A_TEAM and not revival:
                raise QuotaReached(
                    f"{UNFINISHED_OF_A_TEAM} jobs of this team are not finished, "
                    "and no more may be.",
                    "Wait until one has ended, or cancel one.",
                    Next.of("list_jobs", "shows them", active=True),
                )
            self._of_team[team] += 1

    def _count_out(self, team: str) -> None:
        with self._guard:
            self._of_team[team] -= 1

    def _begin(self, job: Job, origin: Origin, work: Work) -> None:
        # Locked before the row is written: a row whose lock is free belongs to a dead process.
        held = self._locks.acquire(LockKey.job(job.id), f"{job.operation} by {job.actor}")
        try:
            self.store.add(job)
            self._ended[job.id] = threading.Event()
            name = f"job-{job.id}"
            threading.Thread(
                target=self._run, args=(job, origin, work, held), name=name, daemon=True
            ).start()
        except BaseException:
            held.release()
            raise

    def _run(self, job: Job, origin: Origin, work: Work, held: Held) -> None:
        call = Call(
            job.actor,
            origin,
            job.id,
            lambda progress: self._progress(job.id, progress),
            lambda position, kind: self.store.queue(job.id, position, kind),
            lambda: self.store.cancel_requested(job.id),
            self._slots,
        )
        try:
            status, result = self._run_work(job, work, call)
            self.store.finish(job.id, status, result)
        except BaseException:
            log.exception("job %s could not be finished", job.id)
        finally:
            held.release()
            self._count_out(job.actor.team)
            self._ended.pop(job.id).set()

    def _run_work(self, job: Job, work: Work, call: Call) -> tuple[Status, dict[str, Any]]:
        try:
            answer = work(call)
        except Failure as failure:
            status = Status.CANCELLED if isinstance(failure, Cancelled) else Status.FAILED
            error, kept = ErrorView.of(failure), None
            if failure.handle:
                kept = kept_as(failure.handle)
            elif failure.whole.strip() != error.output:
                kept = keep_output(
                    self._outputs,
                    failure.whole,
                    team=job.actor.team,
                    # A grant of the environment must not read what is of another one, too.
                    environment="" if job.also_holds else job.environment,
                )
            return status, _failed_envelope(job, status, error, kept, failure.snapshot)
        return answer.status, answer.model_dump(mode="json")

    def _interrupt(self, job: Job) -> None:
        error = ErrorView.of(_interruption(job))
        self.store.finish(
            job.id, Status.INTERRUPTED, _failed_envelope(job, Status.INTERRUPTED, error)
        )

    def _progress(self, job: str, progress: Progress) -> None:
        self.store.progress(job, progress)


def no_job(job: str) -> NotFound:
    """Return the error for a missing job; a job that the actor may not see gets the same text."""
    return NotFound(f"There is no job {job}.", "", Next.of("list_jobs", "shows the latest"))


def _progressed(before: Job | None, after: Job) -> bool:
    return before is None or (before.progress, before.position, before.status) != (
        after.progress,
        after.position,
        after.status,
    )


def _interruption(job: Job) -> Failure:
    ended = "The process that ran this job ended before the job did."
    if job.operation in RUNS_CODE:
        return Cancelled(
            ended,
            "What it had committed by then is kept: look before you call again.",
            Next.of("list_snapshots", "shows the one from before", name=job.environment_name),
        )
    return Cancelled(
        ended, "What it made is undone or finished at the server's start; then call again."
    )


def _failed_envelope(
    job: Job,
    status: Status,
    error: ErrorView,
    kept: KeptOutput | None = None,
    snapshot: str = "",
) -> dict[str, Any]:
    return Envelope[Nothing](
        status=status,
        summary=f"{job.operation} {job.target}: {error.message}".replace("  ", " "),
        error=error,
        job=job.id,
        warnings=kept.warnings if kept else (),
        next=(*error.next, *kept.next) if kept else error.next,
        output=kept.handle if kept else None,
        truncated=True if kept else None,
        snapshot=snapshot or None,
    ).model_dump(mode="json")
