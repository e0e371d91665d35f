"""Build the views of jobs."""

from dataclasses import replace
from typing import Any

from oduflow.domain.job import Job, JobView
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import FINISHED, Envelope, Outcome
from oduflow.kernel.jobs import Jobs
from oduflow.kernel.runner import progress_text


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


def job_verdict(jobs: Jobs, job: Job) -> Outcome[JobView]:
    """Return a job's view with the job's own status and error as those of the answer."""
    outcome = replace(job_outcome(jobs, job), status=job.status)
    if job.status not in FINISHED or job.result is None:
        return outcome
    ended = Envelope[Any].model_validate(job.result)
    return replace(outcome, summary=ended.summary, error=ended.error, next=ended.next)


def job_outcome(jobs: Jobs, job: Job) -> Outcome[JobView]:
    """Return a job's view with a summary of its progress and the next call."""
    if job.status in FINISHED:
        return Outcome(job_view(jobs, job), f"{job.operation} {job.target}: {job.status}.")
    summary = f"{job.operation} {job.target}: {progress_text(job)}."
    waiting = Next.of("wait_for_job", "waits for its end", job=job.id)
    return Outcome(job_view(jobs, job), summary, next=(waiting,))
