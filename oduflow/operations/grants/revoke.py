"""revoke_grant."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.grant import GrantName
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.access.grants import find_grant
from oduflow.services.deps import Deps


@operation(
    permission=Permission.GRANT_ADMIN,
    effect=Effect.DESTROY,
    files=False,
    scope=Scope.GRANT,
    audit=("name",),
    rest="DELETE /grants/{name}",
)
def revoke_grant(deps: Deps, call: Call, args: GrantName) -> Outcome[Nothing]:
    """Revoke a grant and every grant created with it; their streams end, their jobs are undone."""
    row = find_grant(deps.store.grants, call.actor, args.name)
    deps.store.grants.remove(row.id)
    return Outcome(Nothing(), f"{row.name} is revoked, and every grant created with it.")
