"""cancel_job."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.job import JobHandle, JobView
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.jobs import job_outcome


@operation(
    permission=Permission.JOB_WRITE,
    effect=Effect.WRITE,
    files=False,
    scope=Scope.JOB,
    audit=("job",),
    rest="POST /jobs/{job}/cancel",
)
def cancel_job(deps: Deps, call: Call, args: JobHandle) -> Outcome[JobView]:
    """Cancel a job; it stops at its next step and removes what it created.

    A deletion cannot be cancelled.
    """
    jobs = deps.work.jobs
    return job_outcome(jobs, call.actor, jobs.cancel(call.actor.team, args.job))
