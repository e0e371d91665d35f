"""delete_credential."""

from oduflow.domain.access import Permission
from oduflow.domain.credential import CredentialName
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.access.credentials import find_credential
from oduflow.services.deps import Deps


@operation(
    permission=Permission.CREDENTIAL_DESTROY,
    effect=Effect.DESTROY,
    audit=("host", "path"),
    rest="POST /credentials/delete",
)
def delete_credential(deps: Deps, call: Call, args: CredentialName) -> Outcome[Nothing]:
    """Delete a git credential here; the provider's token stays valid. There is no undo."""
    entry = find_credential(deps.git.credentials, call.actor.team, args)
    deps.git.credentials.remove(call.actor.team, entry)
    return Outcome(
        Nothing(), f"The credential of {entry.shown_user} for {entry.authority} is deleted."
    )
