"""validate_credential."""

from oduflow.domain.access import Permission
from oduflow.domain.credential import CredentialView, ValidateCredential
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.access.credentials import check_credential, find_credential
from oduflow.services.deps import Deps


@operation(
    permission=Permission.CREDENTIAL_WRITE,
    effect=Effect.WRITE,
    open_world=True,
    audit=("host", "path", "repo_url"),
    rest="POST /credentials/validate",
)
def validate_credential(
    deps: Deps, call: Call, args: ValidateCredential
) -> Outcome[CredentialView]:
    """Check a credential with its provider's API: GitHub, GitLab or Bitbucket.

    `state` is the provider's answer, `proven` whether git can read with it.
    """
    entry = find_credential(deps.git.credentials, call.actor.team, args)
    view = check_credential(
        deps.store.environments, deps.git, call.actor.team, entry, args.repo_url
    )
    proof = {True: "; git reads with it", False: "; git does not read with it", None: ""}
    return Outcome(
        view,
        f"The credential of {view.username} for {view.host} is {view.state}{proof[view.proven]}.",
        ("It expires within two weeks.",) if view.expires_soon else (),
    )
