"""GitHub and GitHub Enterprise (REST API, “Users” and “About authentication to GitHub”)."""

from http import HTTPStatus
from typing import ClassVar

from oduflow.adapters.providers.api import ApiResponse
from oduflow.adapters.providers.provider import (
    Provider,
    header_value,
    parse_expiry,
    rejection,
    scopes_in,
    state_at,
)
from oduflow.domain.credential import CredentialState, Verdict

_SCOPES = "X-OAuth-Scopes"
_EXPIRY = "GitHub-Authentication-Token-Expiration"
_READS_PRIVATE = "repo"


class GitHub(Provider):
    """One GitHub."""

    name = "GitHub"
    token_kinds: ClassVar = {
        "github_pat_": "fine-grained",
        "gho_": "oauth",
        "ghp_": "classic",
        "ghs_": "app installation",
        "ghu_": "app user",
    }

    def ask(self, username: str, token: str, kind: str) -> Verdict:
        """Ask for the token's user; headers of the response have its scopes and expiry."""
        del username  # GitHub checks the token alone
        # The token of an app's installation has no user.
        path = "/installation/repositories?per_page=1" if kind == "app installation" else "/user"
        response = self.api.get(path, {"Authorization": f"Bearer {header_value(token)}"})
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
