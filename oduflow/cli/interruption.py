"""Cancel a job of this process on Ctrl-C.

The job's thread ends with the process. So the first Ctrl-C cancels the job and waits until it has
undone its steps. The second exits at once; the job's row tells the next process what to undo.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

from oduflow.cli.failures import Interrupted, failed_envelope, next_line
from oduflow.cli.render import ShowProgress
from oduflow.cli.terminal import echo
from oduflow.domain.errors import Failure
from oduflow.domain.outcome import Envelope
from oduflow.kernel.jobs import Jobs

POLL_SECONDS = 0.2

PreparedCall = Callable[[ShowProgress], Envelope[Any]]


def cancel_on_interrupt(jobs: Jobs, team: str, work: PreparedCall) -> PreparedCall:
    """Return `work` with Ctrl-C cancelling the team's job that it starts.

    It runs in its own thread, so that Ctrl-C cannot interrupt it between taking the lock and
    writing the job's row.

    Raises:
        Interrupted: raised by the returned function on Ctrl-C; says how the job ended.
    """

    def run(show: ShowProgress) -> Envelope[Any]:
        answer: Future[Envelope[Any]] = Future()
        # Not an executor's thread: the interpreter would wait for it at exit.
        thread = threading.Thread(target=_set_result, args=(answer, work, show), daemon=True)
        try:
            thread.start()
            return answer.result()
        except KeyboardInterrupt:
            if thread.ident is None:
                raise Interrupted from None
            raise _interrupted(jobs, team, answer) from None

    return run


def _set_result(answer: Future[Envelope[Any]], work: PreparedCall, show: ShowProgress) -> None:
    try:
        answer.set_result(work(show))
    except BaseException as failure:  # noqa: BLE001 - raised again by `answer.result()`
        answer.set_exception(failure)


def _interrupted(jobs: Jobs, team: str, answer: Future[Envelope[Any]]) -> Interrupted:
    try:
        return Interrupted(_cancel_and_wait(jobs, team, answer))
    except KeyboardInterrupt:
        return Interrupted(
            "exited without waiting. What the job created is still there; the same call again, or "
            "a running server (`oduflow serve`), removes or finishes it."
        )


def _cancel_and_wait(jobs: Jobs, team: str, answer: Future[Envelope[Any]]) -> str:
    """Cancel the jobs of this process, wait for their end, and return how they ended."""
    asked: set[str] = set()
    while not answer.done():
        for job in jobs.in_this_process() - asked:
            asked.add(job)
            echo(
                f"interrupted: {_cancel(jobs, team, job)} (press Ctrl-C again to exit at once)",
                err=True,
            )
        wait([answer], POLL_SECONDS)
    try:
        ended = answer.result()
    except Failure as failure:
        ended = failed_envelope(failure)
    if ended.error is None:
        return f"it finished before it could be cancelled: {ended.summary}"
    steps = (ended.error.hint, *map(next_line, ended.error.next))
    return "\n  → ".join(filter(None, (ended.summary, *steps)))


def _cancel(jobs: Jobs, team: str, job: str) -> str:
    try:
        jobs.cancel(team, job)
    except Failure as refusal:
        return refusal.message
    return "stopping and undoing …"
