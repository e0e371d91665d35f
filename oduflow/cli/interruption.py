"""Ctrl-C while a job runs in this process: call it off and let it undo what it made.

The job's threads end with the process. So the first Ctrl-C asks it to stop and waits for its
end; the second leaves at once, and then a row tells the next process what is to be undone.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from oduflow.cli.answer import Show, failed
from oduflow.cli.failures import Interrupted
from oduflow.cli.lines import say
from oduflow.domain.errors import Failure
from oduflow.domain.outcome import Envelope
from oduflow.kernel.jobs import Jobs

POLL_SECONDS = 0.2

Work = Callable[[Show], Envelope[Any]]


def stoppable(jobs: Jobs, team: str, work: Work) -> Work:
    """Let Ctrl-C stop the job that `work` begins and waits for.

    Args:
        jobs: those of this process.
        team: whose job it is.
        work: runs in a thread of its own, where Ctrl-C cannot cut off a job's beginning: a lock
            that is taken, a row that is not written yet.

    Raises:
        Interrupted: by the work that is returned, at Ctrl-C; says how the job ended.
    """

    def run(show: Show) -> Envelope[Any]:
        answer: Future[Envelope[Any]] = Future()
        # Not an executor's: the end of the process would wait for it.
        thread = threading.Thread(target=_answer, args=(answer, work, show), daemon=True)
        try:
            thread.start()
            return answer.result()
        except KeyboardInterrupt:
            if thread.ident is None:
                raise Interrupted from None
            raise _stopped(jobs, team, answer) from None

    return run


def _answer(answer: Future[Envelope[Any]], work: Work, show: Show) -> None:
    try:
        answer.set_result(work(show))
    except BaseException as failure:  # noqa: BLE001 - raised where the answer is waited for
        answer.set_exception(failure)


def _stopped(jobs: Jobs, team: str, answer: Future[Envelope[Any]]) -> Interrupted:
    try:
        return Interrupted(_end(jobs, team, answer))
    except KeyboardInterrupt:
        return Interrupted(
            "left at once. What was begun is still there: the same call again removes or finishes "
            "it first, and so does a running server (`oduflow serve`)."
        )


def _end(jobs: Jobs, team: str, answer: Future[Envelope[Any]]) -> str:
    """Call off what this process does, wait for its end, and say how it ended."""
    asked: set[str] = set()
    while not answer.done():
        for job in jobs.here() - asked:
            asked.add(job)
            say(
                f"interrupted: {_called_off(jobs, team, job)} (Ctrl-C again leaves at once)",
                err=True,
            )
        _wait(answer)
    try:
        ended = answer.result()
    except Failure as failure:
        ended = failed(failure)
    if ended.error is None:
        return f"it was finished all the same: {ended.summary}"
    return f"{ended.summary}\n  → {ended.error.hint}" if ended.error.hint else ended.summary


def _called_off(jobs: Jobs, team: str, job: str) -> str:
    try:
        jobs.cancel(team, job)
    except Failure as refusal:
        return refusal.message
    return "stopping and undoing …"


def _wait(answer: Future[Envelope[Any]]) -> None:
    try:
        answer.exception(POLL_SECONDS)
    except TimeoutError:
        return
