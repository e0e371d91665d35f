"""get_job."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.job import JobHandle, JobView
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.jobs import job_outcome


@operation(
    permission=Permission.JOB_READ,
    effect=Effect.READ,
    scope=Scope.JOB,
    audit=("job",),
    rest="GET /jobs/{job}",
)
def get_job(deps: Deps, call: Call, args: JobHandle) -> Outcome[JobView]:
    """Show the progress of a job, or its result."""
    jobs = deps.work.jobs
    return job_outcome(jobs, call.actor, jobs.get(call.actor.team, args.job))
