"""GitHub and GitHub Enterprise (REST API, “Users” and “About authentication to GitHub”)."""

from dataclasses import dataclass
from http import HTTPStatus

from oduflow.adapters.providers.ask import Answer, Api, Unreachable
from oduflow.adapters.providers.provider import moment, refused, state_at
from oduflow.domain.credential import CredentialState, Verdict

_KINDS = {
    "github_pat_": "fine-grained",
    "gho_": "oauth",
    "ghp_": "classic",
    "ghs_": "app installation",
    "ghu_": "app user",
}
_SCOPES = "x-oauth-scopes"
_EXPIRY = "github-authentication-token-expiration"
_READS_PRIVATE = "repo"


@dataclass(frozen=True, slots=True)
class GitHub:
    """One GitHub; see `Provider`.

    Args:
        host: of its repositories, with the port unless it is the scheme's.
        api: its API.
    """

    host: str
    api: Api
    name: str = "GitHub"

    def serves(self, host: str) -> bool:
        """Whether that is the host of its git repositories."""
        return host == self.host

    def validate(self, username: str, token: str) -> Verdict:
        """Ask who the token is; the answer's headers say what it may and when it ends."""
        del username  # GitHub looks at the token alone
        kind = next((word for prefix, word in _KINDS.items() if token.startswith(prefix)), "")
        # An installation of an app is nobody, so it has no user.
        path = "/installation/repositories?per_page=1" if kind == "app installation" else "/user"
        try:
            answer = self.api.get(path, {"Authorization": f"Bearer {_ascii(token)}"})
        except Unreachable as cause:
            return Verdict(CredentialState.UNREACHABLE, token_kind=kind, detail=str(cause))
        if answer.status == HTTPStatus.OK:
            return _verdict(answer, kind)
        if answer.headers.get("x-ratelimit-remaining") == "0":
            detail = "Too many questions; ask again in an hour."
            return Verdict(CredentialState.UNREACHABLE, token_kind=kind, detail=detail)
        return refused(answer, kind)


def _verdict(answer: Answer, kind: str) -> Verdict:
    scopes = tuple(
        scope for part in answer.headers.get(_SCOPES, "").split(",") if (scope := part.strip())
    )
    expires_at = moment(answer.headers.get(_EXPIRY, ""))
    state, detail = state_at(expires_at), ""
    # Classic tokens say their scopes; fine-grained ones have permissions, which they do not tell.
    tells_scopes = _SCOPES in answer.headers and kind in {"classic", "oauth", ""}
    if state is CredentialState.VALID and tells_scopes and _READS_PRIVATE not in scopes:
        state = CredentialState.INSUFFICIENT
        detail = "It lacks the scope repo, without which it reads no private repository."
    login = str(answer.body.get("login") or "")
    return Verdict(state, login, scopes, expires_at, kind, detail)


def _ascii(token: str) -> str:
    """Make a header's value of whatever a person took for a token."""
    return token.encode("ascii", "replace").decode()
