"""setup_repo_auth."""

from oduflow.domain.access import Permission
from oduflow.domain.credential import CredentialState, CredentialView, SetupRepoAuth
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.access.credentials import keep
from oduflow.services.deps import Deps

GOOD = frozenset({CredentialState.VALID, CredentialState.UNREACHABLE})


@operation(
    permission=Permission.CREDENTIAL_WRITE,
    effect=Effect.WRITE,
    open_world=True,
    audit=("host", "path", "keep_unverified"),
    rest="POST /credentials/add",
)
def setup_repo_auth(deps: Deps, call: Call, args: SetupRepoAuth) -> Outcome[CredentialView]:
    """Keep a git credential for private repositories, once git has read one with it.

    Takes the repository's URL with user and token in it, asks the server with that very
    credential, and keeps it for the team. One that is refused is not kept, and an older one stays,
    unless keep_unverified is true. From then on every clone of the team uses it; nothing ever
    shows it again.
    """
    kept, doubts = keep(deps, call.actor.team, args)
    where = kept.host if kept.path == "/" else f"{kept.host}{kept.path}"
    proof = "not proven" if doubts else "proven"
    if kept.state not in GOOD:
        doubts = (*doubts, f"{kept.provider} calls it {kept.state}: {kept.detail}")
    return Outcome(
        kept,
        f"Kept the credential of {kept.username} for {where}, {proof}.",
        doubts,
        ("create_environment name=… repo_url=… branch=…",),
    )
