"""wait_for_job."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.job import JobView, WaitForJob
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Profile, operation
from oduflow.services.deps import Deps
from oduflow.services.jobs import job_verdict


@operation(
    permission=Permission.JOB_READ,
    effect=Effect.READ,
    scope=Scope.JOB,
    audit=("job",),
    profiles=(Profile.CODING,),
    rest="GET /jobs/{job}/wait",
)
def wait_for_job(deps: Deps, call: Call, args: WaitForJob) -> Outcome[JobView]:
    """Wait for a job, at most 45 s; call again while it runs. The status is the job's."""
    jobs = deps.work.jobs
    return job_verdict(jobs, call.actor, jobs.wait(call.actor.team, args.job, args.seconds))
