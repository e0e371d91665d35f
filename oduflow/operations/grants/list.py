"""list_grants."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.counting import counted
from oduflow.domain.grant import GrantList
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.access.grants import grant_views, visible_grants
from oduflow.services.deps import Deps


@operation(
    permission=Permission.GRANT_READ,
    effect=Effect.READ,
    scope=Scope.OWN,
    unannounced=True,  # each call changes how many a grant has left
    rest="GET /grants",
)
def list_grants(deps: Deps, call: Call, args: Nothing) -> Outcome[GrantList]:
    """List grants with their access, expiry and remaining calls, without secrets."""
    found = grant_views(deps.store, visible_grants(deps.store.grants, call.actor))
    return Outcome(GrantList(grants=found), f"{counted(len(found), 'grant')}.")
