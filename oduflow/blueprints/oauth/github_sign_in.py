"""Sign-in at GitHub, by Flask-Dance with safer behaviour in five places.

- One session for each request. Flask-Dance shares one among all threads, which mixes people up.
- The callback URL is the configured one. Flask-Dance takes it from `Host`.
- The state is checked first. Flask-Dance does not check it when `error` is present.
- Each request to GitHub has one deadline (`GitHubTransport`). `requests` limits each read only.
- The token is dropped once GitHub has named the user. Flask-Dance keeps it in a cookie.

No scope is requested.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Response, g, request, session
from flask_dance.consumer import OAuth2ConsumerBlueprint, oauth_authorized
from flask_dance.consumer.requests import OAuth2Session
from flask_dance.consumer.storage import NullStorage
from oauthlib.oauth2 import MissingTokenError, OAuth2Error

from oduflow.blueprints.oauth.authorize import LOGIN
from oduflow.blueprints.oauth.blueprint import base_url, refuse, see_other, server_settings, stores
from oduflow.blueprints.oauth.github_transport import GitHubTransport
from oduflow.blueprints.oauth.pages import (
    OVER,
    advance,
    current_transaction,
    github_pkce_verifier,
    required_binding_token,
)
from oduflow.blueprints.oauth.teams import continue_with_login, end_without_code
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.oauth import Login, Stage, Transaction, hash_of, new_secret

log = logging.getLogger(__name__)

CALLBACK = "/auth/callback"
_OK = 200
_SESSION, _STATE, _TRANSACTION = "github_session", "github_state", "github_transaction"


class LiveSetting:
    """An attribute that is read from the configuration each time; assignments are ignored.

    The configuration may change while the server runs, and Flask-Dance assigns it only once.
    """

    def __init__(self, read: Callable[[], Any]) -> None:
        self._read = read

    def __get__(self, instance: object, owner: type) -> Any:
        """Return the current value."""
        return self._read() if instance is not None else self

    def __set__(self, instance: object, value: object) -> None:
        """Ignore the assignment."""


class GitHubSession(OAuth2Session):  # type: ignore[misc]
    """HTTP requests to GitHub during one request of ours."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.trust_env = False  # .netrc could replace the token
        transport = GitHubTransport(stores().github)
        self.mount("https://", transport)
        self.mount("http://", transport)

    # Flask-Dance assigns a URL made from `Host`, which the client chooses.
    redirect_uri = property(lambda _self: base_url() + CALLBACK, lambda _self, _value: None)

    def authorization_url(self, url: str, state: str, **more: str) -> tuple[str, str]:
        """Return GitHub's sign-in URL with a PKCE challenge (RFC 7636)."""
        verifier = github_pkce_verifier(required_binding_token(), state)
        safe = _as_https(url)
        asked, state = super().authorization_url(
            safe,
            state=state,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            **more,
        )
        return url + asked.removeprefix(safe), state

    def fetch_token(self, url: str, **more: Any) -> Any:
        """Exchange GitHub's code for its token."""
        self.max_redirects = 0
        more["authorization_response"] = f"https://localhost/?{request.query_string.decode()}"
        verifier = github_pkce_verifier(required_binding_token(), request.args["state"])
        return super().fetch_token(
            _as_https(url),
            code_verifier=verifier,
            include_client_id=True,
            **more,
        )

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        """Send the request over the configured scheme."""
        for base in (server_settings().github_url, server_settings().github_api_url):
            if request.url and request.url.startswith(f"{_as_https(base)}/"):
                request.url = base + request.url.removeprefix(_as_https(base))
        answer: requests.Response = super().send(request, **more)
        return answer


class GitHubSignIn(OAuth2ConsumerBlueprint):  # type: ignore[misc]
    """Flask-Dance's blueprint with the current configuration and a session for each request."""

    _client_id = LiveSetting(lambda: server_settings().oauth_client_id)
    client_secret = LiveSetting(lambda: server_settings().oauth_client_secret)
    authorization_url = LiveSetting(lambda: f"{server_settings().github_url}/login/oauth/authorize")
    token_url = LiveSetting(lambda: f"{server_settings().github_url}/login/oauth/access_token")
    base_url = LiveSetting(lambda: f"{server_settings().github_api_url}/")
    state = LiveSetting(lambda: g.get(_STATE))

    @property
    def session(self) -> GitHubSession:
        """The session of the current request."""
        if _SESSION not in g:
            made = GitHubSession(client_id=self._client_id, blueprint=self, base_url=self.base_url)
            setattr(g, _SESSION, made)
        found: GitHubSession = g.get(_SESSION)
        return found

    def teardown_session(self, _error: BaseException | None = None) -> None:
        """Close the session of the current request, and drop its token."""
        found = g.pop(_SESSION, None)
        if found is not None:
            found.close()

    def login(self) -> Response:
        """Redirect a person who has consented to GitHub.

        Raises:
            BadRequest: there was no consent in this browser.
        """
        transaction = current_transaction(request.args.get("transaction", ""), Stage.CONSENTED)
        state = new_secret()
        advance(transaction, replace(transaction, state=hash_of(state)))
        setattr(g, _STATE, state)
        return see_other(super().login().location)

    def authorized(self) -> Response:
        """Continue the sign-in when GitHub redirects back.

        Raises:
            BadRequest: this browser was not sent to GitHub, or GitHub refused the sign-in.
            Forbidden: no team lists the login.
            UpstreamFailed: GitHub does not answer.
        """
        transaction = self._returned()
        if "error" in request.args:
            denied = request.args["error"] == "access_denied"
            return end_without_code(transaction, "access_denied" if denied else "server_error")
        if not request.args.get("code"):
            refuse("GitHub sent no code.")
        used = replace(transaction, state="")  # GitHub's answer is accepted once
        advance(transaction, used)
        setattr(g, _TRANSACTION, used)
        session[f"{self.name}_oauth_state"] = request.args["state"]
        try:
            answer: Response = super().authorized()
        except (requests.RequestException, MissingTokenError, TypeError, ValueError) as cause:
            # TypeError: oauthlib reads a JSON list in place of the token.
            raise _no_answer() from cause
        except OAuth2Error as refused:
            # Only the error's name: its text may quote the request, with its secrets.
            log.warning("GitHub did not accept a sign-in: %s", refused.error)
            refuse("GitHub did not accept the sign-in.")
        return answer

    def _returned(self) -> Transaction:
        states = request.args.getlist("state")
        browser = hash_of(required_binding_token())
        if len(states) != 1 or len(request.args.getlist("code")) > 1:
            refuse(OVER)
        found = stores().transactions.by_state(hash_of(states[0]), browser)
        return found if found is not None and found.stage is Stage.CONSENTED else refuse(OVER)


github = GitHubSignIn(
    "github", __name__, storage=NullStorage(), login_url=LOGIN, authorized_url=CALLBACK
)


@oauth_authorized.connect_via(github)  # type: ignore[untyped-decorator]
def _signed_in(blueprint: GitHubSignIn, **_token: Any) -> Response:
    """Ask GitHub for the user, drop the token, and continue the sign-in."""
    login = _github_user(blueprint.session)
    blueprint.session.token = {}
    return continue_with_login(getattr(g, _TRANSACTION), login)


def _github_user(github_session: GitHubSession) -> Login:
    answer = github_session.get(
        f"{_as_https(server_settings().github_api_url)}/user",
        headers={"Accept": "application/vnd.github+json"},
        allow_redirects=False,
    )
    if answer.status_code != _OK:
        raise _no_answer()
    user = answer.json()
    name, number = (user.get("login"), user.get("id")) if isinstance(user, dict) else (None, None)
    if not (isinstance(name, str) and name) or not isinstance(number, int):
        raise _no_answer()
    return Login(name, str(number))


def _no_answer() -> UpstreamFailed:
    return UpstreamFailed(
        "GitHub did not say who you are.", "Start again in your MCP client in a minute."
    )


def _as_https(url: str) -> str:
    # The libraries refuse http. The settings allow it only on loopback or with
    # `allow_insecure_http`.
    return f"https:{url.partition(':')[2]}"
