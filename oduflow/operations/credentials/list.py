"""list_credentials."""

from oduflow.domain.access import Permission
from oduflow.domain.credential import CredentialList
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.access.credentials import view
from oduflow.services.deps import Deps


@operation(permission=Permission.CREDENTIAL_READ, effect=Effect.READ, rest="GET /credentials")
def list_credentials(deps: Deps, call: Call, args: Nothing) -> Outcome[CredentialList]:
    """List the team's git credentials, masked, with the result of the last check of each."""
    checks = deps.git.credentials.checked(call.actor.team)
    found = tuple(
        view(deps, entry, checks.get(entry)) for entry in deps.git.credentials.list(call.actor.team)
    )
    steps = () if found else ("oduflow call setup_repo_auth -",)
    return Outcome(CredentialList(credentials=found), f"{len(found)} credentials.", next=steps)
