"""list_jobs."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.counting import counted
from oduflow.domain.job import JobList, ListJobs
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.jobs import brief_job_view


@operation(
    permission=Permission.JOB_READ,
    effect=Effect.READ,
    scope=Scope.OWN,
    rest="GET /jobs",
)
def list_jobs(deps: Deps, call: Call, args: ListJobs) -> Outcome[JobList]:
    """List the team's latest jobs, newest first, without their data."""
    found = deps.work.jobs.visible_to(call.actor, active=args.active, limit=args.limit)
    shown = tuple(brief_job_view(deps.work.jobs, call.actor, job) for job in found)
    return Outcome(JobList(jobs=shown), f"{counted(len(found), 'job')}.")
