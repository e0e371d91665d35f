"""GitLab, self-managed ones included (REST API v4, “Personal access tokens”)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from oduflow.adapters.providers.api import ApiResponse
from oduflow.adapters.providers.provider import (
    Provider,
    header_value,
    parse_expiry,
    rejection,
    state_at,
)
from oduflow.domain.credential import CredentialState, Verdict

_DEPLOY = "deploy"
_READS_REPOSITORIES = frozenset({"api", "read_api", "read_repository", "write_repository"})


class GitLab(Provider):
    """One GitLab; the path of its API ends in /api/v4."""

    name = "GitLab"
    token_kinds: ClassVar = {"gldt-": _DEPLOY, "glpat-": "personal, project or group"}

    def ask(self, username: str, token: str, kind: str) -> Verdict:
        """Ask for the token's scopes and expiry, then for its user."""
        del username  # GitLab checks the token alone
        if kind == _DEPLOY:
            detail = "GitLab's API does not accept deploy tokens; only git checked this one."
            return Verdict(CredentialState.VALID, token_kind=kind, detail=detail)
        headers = {"PRIVATE-TOKEN": header_value(token)}
        found = self.api.get("/personal_access_tokens/self", headers)
        if found.status != HTTPStatus.OK:
            return rejection(found, kind)
        user = self.api.get("/user", headers)
        return _verdict(found.body, _login(user), kind)


def _login(user: ApiResponse) -> str:
    return str(user.body.get("username") or "") if user.status == HTTPStatus.OK else ""


def _verdict(body: Mapping[str, Any], login: str, kind: str) -> Verdict:
    listed = body.get("scopes")
    scopes = tuple(map(str, listed)) if isinstance(listed, list) else ()
    expires_at = parse_expiry(str(body.get("expires_at") or ""))
    state, detail = state_at(expires_at), ""
    if body.get("revoked") is True:
        state, detail = CredentialState.INVALID, "It is revoked."
    elif state is CredentialState.VALID and _READS_REPOSITORIES.isdisjoint(scopes):
        state = CredentialState.INSUFFICIENT
        detail = "It lacks the scope read_repository."
    return Verdict(state, login, scopes, expires_at, kind, detail)
