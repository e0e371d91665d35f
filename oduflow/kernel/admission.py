"""Whether an actor may make a call, and touch what the call is about.

One place for every operation: its permission and its scope decide, no handler has to ask.
"""

from pydantic import BaseModel

from oduflow.domain.access import Actor, ActorKind, Scope
from oduflow.domain.environment import no_environment
from oduflow.domain.errors import Forbidden
from oduflow.kernel.jobs import Jobs, no_job
from oduflow.kernel.operation import Operation
from oduflow.kernel.ports import Reach


def authorise(reach: Reach, operation: Operation, actor: Actor) -> None:
    """Refuse whoever may not call this operation at all.

    Raises:
        Forbidden: the actor may not.
        Unauthenticated: the actor's grant counts no more.
    """
    if actor.kind is ActorKind.GRANT:
        reach.spend(actor)
    if not actor.may(operation.permission):
        raise Forbidden(
            f"{operation.name} needs {operation.permission}, which {actor} does not hold.",
            "Ask for a grant with that tier.",
        )
    if not actor.covers(operation.scope):
        raise Forbidden(
            f"{operation.name} is about the whole team, and {actor} is kept to some environments.",
            "Ask somebody of the team to do it.",
        )


def target(reach: Reach, jobs: Jobs, operation: Operation, args: BaseModel, actor: Actor) -> str:
    """Return the id of the environment that a call is about; empty for none.

    What the actor may not touch is not found, before a lock could tell that it is there. What is
    not there is not found either: each lock is a file that stays.

    Raises:
        NotFound: it is about something that is not there, or not the actor's.
    """
    if operation.scope is Scope.ENVIRONMENT:
        name = operation.target(args)
        found = reach.environment(actor.team, name)
        if found is None or not actor.reaches(found):
            raise no_environment(name)
        return found
    if operation.scope is Scope.JOB:
        job: str = args.job  # type: ignore[attr-defined] # its declaration was checked
        if not actor.reaches(jobs.get(actor.team, job).environment):
            raise no_job(job)
    return ""
