"""setup_repo_auth."""

from oduflow.domain.access import Permission
from oduflow.domain.credential import CredentialState, CredentialView, SetupRepoAuth
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.access.credentials import save_credential
from oduflow.services.deps import Deps

GOOD = frozenset({CredentialState.VALID, CredentialState.UNREACHABLE})


@operation(
    permission=Permission.CREDENTIAL_WRITE,
    effect=Effect.WRITE,
    open_world=True,
    audit=("host", "repo_url", "path", "keep_unverified"),
    rest="POST /credentials/add",
)
def setup_repo_auth(deps: Deps, call: Call, args: SetupRepoAuth) -> Outcome[CredentialView]:
    """Save a git credential for private repositories if git can read with it."""
    saved, warnings = save_credential(deps.git, call.actor.team, args)
    where = saved.host if saved.path == "/" else f"{saved.host}{saved.path}"
    proof = "not proven" if warnings else "proven"
    if saved.state not in GOOD:
        warnings = (*warnings, f"{saved.provider} reports it as {saved.state}: {saved.detail}")
    return Outcome(
        saved,
        f"Saved the credential of {saved.username} for {where}, {proof}.",
        warnings,
        (Next.of("create_environment", "can now clone that repository"),),
    )
