"""GitHub and GitHub Enterprise (REST API, “Users” and “About authentication to GitHub”)."""

from dataclasses import dataclass
from http import HTTPStatus

from oduflow.adapters.providers.api import Api, ApiResponse, Unreachable
from oduflow.adapters.providers.provider import (
    header_value,
    kind_of,
    parse_expiry,
    rejection,
    scopes_in,
    state_at,
)
from oduflow.domain.credential import CredentialState, Verdict

_KINDS = {
    "github_pat_": "fine-grained",
    "gho_": "oauth",
    "ghp_": "classic",
    "ghs_": "app installation",
    "ghu_": "app user",
}
_SCOPES = "X-OAuth-Scopes"
_EXPIRY = "GitHub-Authentication-Token-Expiration"
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
        """Whether the host is that of its git repositories."""
        return host == self.host

    def validate(self, username: str, token: str) -> Verdict:
        """Ask for the token's user; headers of the response have its scopes and expiry."""
        del username  # GitHub checks the token alone
        kind = kind_of(token, _KINDS)
        # The token of an app's installation has no user.
        path = "/installation/repositories?per_page=1" if kind == "app installation" else "/user"
        try:
            response = self.api.get(path, {"Authorization": f"Bearer {header_value(token)}"})
        except Unreachable as cause:
            return Verdict(CredentialState.UNREACHABLE, token_kind=kind, detail=str(cause))
        if response.status == HTTPStatus.OK:
            return _verdict(response, kind)
        if response.headers.get("X-RateLimit-Remaining") == "0":
            detail = "GitHub's rate limit is reached; check again in an hour."
            return Verdict(CredentialState.UNREACHABLE, token_kind=kind, detail=detail)
        return rejection(response, kind)


def _verdict(response: ApiResponse, kind: str) -> Verdict:
    scopes = scopes_in(response.headers.get(_SCOPES, ""))
    expires_at = parse_expiry(response.headers.get(_EXPIRY, ""))
    state, detail = state_at(expires_at), ""
    # Fine-grained tokens have permissions instead of scopes, and GitHub does not list them.
    lists_scopes = _SCOPES in response.headers and kind in {"classic", "oauth", ""}
    if state is CredentialState.VALID and lists_scopes and _READS_PRIVATE not in scopes:
        state = CredentialState.INSUFFICIENT
        detail = "It lacks the scope repo, which private repositories need."
    login = str(response.body.get("login") or "")
    return Verdict(state, login, scopes, expires_at, kind, detail)
