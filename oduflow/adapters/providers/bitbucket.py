"""Bitbucket Cloud: app passwords, API tokens, access tokens (REST API 2.0, “Authentication”)."""

import base64
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from oduflow.adapters.providers.api import ApiResponse
from oduflow.adapters.providers.provider import (
    Provider,
    header_value,
    rejection,
    scopes_in,
    state_at,
)
from oduflow.domain.credential import CredentialState, Verdict

_BEARER_USER = "x-token-auth"  # an access token of a repository, a project or a workspace


class Bitbucket(Provider):
    """Bitbucket; the path of its API ends in /2.0."""

    name = "Bitbucket"
    token_kinds: ClassVar = {
        "ATATT3": "API token",
        "ATBB": "app password",
        "ATCTT3": "access token",
    }

    def ask(self, username: str, token: str, kind: str) -> Verdict:
        """Check user and token together; an access token needs no user."""
        response = self.api.get("/user", {"Authorization": _authorization(username, token)})
        if response.status == HTTPStatus.OK:
            return _verdict(response, kind)
        return _rejection(response, kind)


def _authorization(username: str, token: str) -> str:
    if username == _BEARER_USER:
        return f"Bearer {header_value(token)}"
    return f"Basic {base64.b64encode(f'{username}:{token}'.encode()).decode()}"


def _verdict(response: ApiResponse, kind: str) -> Verdict:
    header = response.headers.get("X-OAuth-Scopes")
    scopes = scopes_in(header or "")
    state, detail = state_at(None), ""
    if header is not None and not _reads_repositories(scopes):
        state = CredentialState.INSUFFICIENT
        detail = "It may not read repositories."
    body = response.body
    login = str(body.get("username") or body.get("nickname") or body.get("display_name") or "")
    return Verdict(state, login, scopes, None, kind, detail)


def _rejection(response: ApiResponse, kind: str) -> Verdict:
    """Read a rejection, which lists the token's scopes when /user needs one more."""
    granted = _granted(response.body)
    verdict = rejection(response, kind)
    if verdict.state is CredentialState.INSUFFICIENT and _reads_repositories(granted):
        detail = "It may not say whose it is, which git does not need."
        return Verdict(CredentialState.VALID, "", granted, None, kind, detail)
    return Verdict(verdict.state, "", granted, None, kind, verdict.detail)


def _granted(body: Mapping[str, Any]) -> tuple[str, ...]:
    error = body.get("error")
    detail = error.get("detail") if isinstance(error, dict) else None
    granted = detail.get("granted") if isinstance(detail, dict) else None
    return tuple(map(str, granted)) if isinstance(granted, list) else ()


def _reads_repositories(scopes: tuple[str, ...]) -> bool:
    return any("repository" in scope for scope in scopes)
