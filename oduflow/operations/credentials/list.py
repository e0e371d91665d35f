"""list_credentials."""

from oduflow.domain.access import Permission
from oduflow.domain.counting import counted
from oduflow.domain.credential import CredentialList
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.access.credentials import credential_view
from oduflow.services.deps import Deps


@operation(permission=Permission.CREDENTIAL_READ, effect=Effect.READ, rest="GET /credentials")
def list_credentials(deps: Deps, call: Call, args: Nothing) -> Outcome[CredentialList]:
    """List the team's git credentials, masked, with the last check of each."""
    git, team = deps.git, call.actor.team
    checks = git.credentials.checked(team)
    found = tuple(
        credential_view(git.providers, entry, checks.get(entry))
        for entry in git.credentials.list(team)
    )
    steps = () if found else (Next.of("setup_repo_auth", "adds the first one"),)
    return Outcome(
        CredentialList(credentials=found), f"{counted(len(found), 'credential')}.", next=steps
    )
