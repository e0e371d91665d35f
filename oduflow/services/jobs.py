"""Build the views of jobs."""

from dataclasses import replace
from typing import Any

from oduflow.domain.access import Actor, Permission
from oduflow.domain.job import FOR_WRITERS, Job, JobView
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import FINISHED, Envelope, ErrorView, Nothing, Outcome
from oduflow.kernel.jobs import Jobs
from oduflow.kernel.runner import progress_text

_OF_MORE = "The job is about more than this environment."
_OF_DATABASE = "Its result is shown to callers that may write."


def as_seen_by(actor: Actor, job: Job) -> Job:
    """Return a job's row without what the actor may not see.

    What statements and code return may be a secret of the database, such as the one with which
    sessions can be made, and a screenshot shows what another user sees: a caller that may only read
    does not see it.
    A copy, or a template that is saved, is a job of its source. Who may see the source alone is
    shown how that job is going, and not what it makes: an address, a branch, a name.
    """
    if job.operation in FOR_WRITERS and not actor.may(Permission.ENVIRONMENT_WRITE):
        result = None if job.result is None else _ending(job, job.result, _OF_DATABASE)
        return replace(job, progress=None, result=result)
    others = job.also_holds
    if actor.environments is None or not others:
        return job
    return replace(
        job,
        progress=None,
        holds=tuple(each for each in job.holds if each not in others),
        result=None if job.result is None else _ending(job, job.result, _OF_MORE),
    )


def _ending(job: Job, result: dict[str, Any], why: str) -> dict[str, Any]:
    error = result.get("error")
    return Envelope[Nothing](
        status=job.status,
        summary=f"{job.operation} {job.target}: {job.status}.",
        error=error
        and ErrorView(
            kind=error["kind"],
            message=why,
            hint="Ask a member of the team why it failed.",
        ),
        job=job.id,
    ).model_dump(mode="json")


def job_view(jobs: Jobs, job: Job) -> JobView:
    """Return the view of a job's row."""
    progress = job.progress
    return JobView.from_row(
        job,
        job=job.id,
        environment=job.environment_name or None,
        created_by=str(job.actor),
        step=progress.step if progress else None,
        message=progress.message if progress else None,
        done=progress.done if progress else None,
        total=progress.total if progress else None,
        position=job.position or None,
        cancellable=jobs.cancellable(job),
    )


def brief_job_view(jobs: Jobs, actor: Actor, job: Job) -> JobView:
    """Return the view for a list: one result's data may fill an answer, and a list has many."""
    shown = job_view(jobs, as_seen_by(actor, job))
    if shown.result is None:
        return shown
    return shown.model_copy(update={"result": {**shown.result, "data": None}})


def job_verdict(jobs: Jobs, actor: Actor, row: Job) -> Outcome[JobView]:
    """Return a job's view with the job's own status and error as those of the answer."""
    job = as_seen_by(actor, row)
    outcome = replace(job_outcome(jobs, actor, job), status=job.status)
    if job.status not in FINISHED or job.result is None:
        return outcome
    ended = Envelope[Any].model_validate(job.result)
    return replace(
        outcome,
        summary=ended.summary,
        error=ended.error,
        next=ended.next,
        snapshot=ended.snapshot or "",
        stored_image=ended.image or "",
    )


def job_outcome(jobs: Jobs, actor: Actor, row: Job) -> Outcome[JobView]:
    """Return a job's view with a summary of its progress and the next call."""
    job = as_seen_by(actor, row)
    if job.status in FINISHED:
        return Outcome(job_view(jobs, job), f"{job.operation} {job.target}: {job.status}.")
    summary = f"{job.operation} {job.target}: {progress_text(job)}."
    waiting = Next.of("wait_for_job", "waits for its end", job=job.id)
    return Outcome(job_view(jobs, job), summary, next=(waiting,))
