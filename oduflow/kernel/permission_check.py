"""The permission check: whether an actor may make a call and access what the call is about.

Nothing else checks it: the declared permission and scope decide, and handlers need no check.
"""

from pydantic import BaseModel

from oduflow.domain.access import Actor, ActorKind, Scope
from oduflow.domain.environment import Environment, no_environment
from oduflow.domain.errors import Forbidden
from oduflow.kernel.jobs import Jobs, no_job
from oduflow.kernel.operation import Operation
from oduflow.kernel.outputs import no_output
from oduflow.kernel.ports import EnvironmentLookup, GrantUsage, OutputStore


class Uncounted:
    """Implements `GrantUsage` for calls that are not counted."""

    def spend(self, actor: Actor) -> None:
        """Count nothing."""


def check_permission(grants: GrantUsage, operation: Operation, actor: Actor) -> None:
    """Refuse an actor who may not call this operation.

    Raises:
        Forbidden: the actor lacks the permission, or the scope is wider than its restriction.
        Unauthenticated: the actor's grant has ended.
    """
    if actor.kind is ActorKind.GRANT:
        grants.spend(actor)
    check_allowed(operation, actor)


def check_allowed(operation: Operation, actor: Actor) -> None:
    """Refuse an actor who may not call this operation; counts no call of its grant.

    Raises:
        Forbidden: the actor lacks the permission, or the scope is wider than its restriction.
    """
    if not actor.may(operation.permission):
        raise Forbidden(
            f"{operation.name} needs {operation.permission}, which {actor} does not hold.",
            "Ask for a grant with that tier.",
        )
    if not actor.allows_scopes(operation.scopes):
        raise Forbidden(
            f"{operation.name} is about the whole team, and {actor} is restricted to environments.",
            "Ask a member of the team to call it.",
        )


def find_environment(
    environments: EnvironmentLookup, operation: Operation, args: BaseModel, actor: Actor
) -> Environment | None:
    """Return the environment that a call is about; None when the operation has another scope.

    Every further environment that the call locks has to exist and to be the actor's, too. One
    outside the actor's restriction gets the same error as a missing one, so that neither a lock nor
    an error reveals that it exists.

    Raises:
        NotFound: there is no such environment, or the actor may not access it.
    """
    own = {"name": operation.scope}
    found: dict[str, Environment] = {}
    for field, scope in (own | dict(operation.locks)).items():
        name = str(getattr(args, field, ""))
        if scope is Scope.ENVIRONMENT and name:
            row = environments.get(actor.team, name)
            if row is None or not actor.can_access(row.id):
                raise no_environment(name)
            found[field] = row
    return found.get("name")


def check_job(jobs: Jobs, operation: Operation, args: BaseModel, actor: Actor) -> None:
    """Refuse a call about a job that is about an environment outside the actor's restriction.

    Raises:
        NotFound: there is no such job, or the actor may not see it.
    """
    if operation.scope is Scope.JOB:
        job: str = args.job  # type: ignore[attr-defined] # its declaration was checked
        if not actor.can_access(jobs.get(actor.team, job).environment):
            raise no_job(job)


def check_output(outputs: OutputStore, operation: Operation, args: BaseModel, actor: Actor) -> None:
    """Refuse a call about a stored output of an environment outside the actor's restriction.

    Raises:
        NotFound: there is no such output, or the actor may not read it.
    """
    if operation.scope is Scope.OUTPUT:
        handle: str = args.handle  # type: ignore[attr-defined] # its declaration was checked
        environment = outputs.environment(actor.team, handle)
        if environment is None or not actor.can_access(environment):
            raise no_output(handle)
