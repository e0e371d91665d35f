"""The leg to GitHub: who is it? Flask-Dance walks it, on terms of ours.

Its session lives for one request (stock: one for all threads, which swaps people), the address
to come back to is the configured one (stock: made from `Host`), the state is looked up before
anything else (stock: not when `error` is there), and the token is dropped once it has told us a
name (stock: kept in a cookie). We ask for no scope.
"""

import logging
from dataclasses import replace
from typing import Any

import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Response, g, request, session
from flask_dance.consumer import OAuth2ConsumerBlueprint, oauth_authorized
from flask_dance.consumer.requests import OAuth2Session
from flask_dance.consumer.storage import NullStorage
from oauthlib.oauth2 import MissingTokenError, OAuth2Error

from oduflow.blueprints.oauth.browser import browser_of, required_mark, upstream_verifier
from oduflow.blueprints.oauth.configured import Configured
from oduflow.blueprints.oauth.consent import LOGIN
from oduflow.blueprints.oauth.ending import end_with
from oduflow.blueprints.oauth.errors import refuse, see
from oduflow.blueprints.oauth.face import base_url, parts, server
from oduflow.blueprints.oauth.pages import OVER, under_way, went_on
from oduflow.blueprints.oauth.teams import known
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.oauth import Login, Stage, Transaction, hash_of, new_secret

log = logging.getLogger(__name__)

CALLBACK = "/auth/callback"
TIMEOUT_SECONDS = 10
_OK = 200
_SESSION, _STATE, _TRANSACTION = "github_session", "github_state", "github_transaction"


class GitHubSession(OAuth2Session):  # type: ignore[misc]
    """One request's talk with GitHub."""

    # Flask-Dance writes what it made of `Host` here; that is not to be believed.
    redirect_uri = property(lambda _self: base_url() + CALLBACK, lambda _self, _value: None)

    def authorization_url(self, url: str, state: str, **more: str) -> tuple[str, str]:
        """Return where the person signs in, with a PKCE challenge (RFC 7636)."""
        verifier = upstream_verifier(required_mark(), state)
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
        verifier = upstream_verifier(required_mark(), request.args["state"])
        return super().fetch_token(
            _as_https(url),
            code_verifier=verifier,
            include_client_id=True,
            timeout=TIMEOUT_SECONDS,
            **more,
        )

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        """Send by the scheme that the configuration says."""
        for base in (server().github_url, server().github_api_url):
            if request.url and request.url.startswith(f"{_as_https(base)}/"):
                request.url = base + request.url.removeprefix(_as_https(base))
        answer: requests.Response = super().send(request, **more)
        return answer


class GitHub(OAuth2ConsumerBlueprint):  # type: ignore[misc]
    """Flask-Dance's blueprint, on the configuration as it is and one session a request."""

    _client_id = Configured(lambda: server().oauth_client_id)
    client_secret = Configured(lambda: server().oauth_client_secret)
    authorization_url = Configured(lambda: f"{server().github_url}/login/oauth/authorize")
    token_url = Configured(lambda: f"{server().github_url}/login/oauth/access_token")
    base_url = Configured(lambda: f"{server().github_api_url}/")
    state = Configured(lambda: g.get(_STATE))

    @property
    def session(self) -> GitHubSession:
        """This request's session."""
        if _SESSION not in g:
            made = GitHubSession(client_id=self._client_id, blueprint=self, base_url=self.base_url)
            setattr(g, _SESSION, made)
        found: GitHubSession = g.get(_SESSION)
        return found

    def teardown_session(self, _error: BaseException | None = None) -> None:
        """Forget this request's session, and the token with it."""
        found = g.pop(_SESSION, None)
        if found is not None:
            found.close()

    def login(self) -> Response:
        """Send a person who consented to GitHub.

        Raises:
            BadRequest: nobody consented in this browser.
        """
        seen, state = under_way(request.args.get("transaction", ""), Stage.CONSENTED), new_secret()
        went_on(seen, replace(seen, state=hash_of(state)))
        setattr(g, _STATE, state)
        return see(super().login().location)

    def authorized(self) -> Response:
        """Take back a person from GitHub.

        Raises:
            BadRequest: this browser did not go there, or GitHub knows nothing of it.
            Forbidden: no team lets them in.
            UpstreamFailed: GitHub does not answer.
        """
        seen = self._returned()
        if "error" in request.args:
            denied = request.args["error"] == "access_denied"
            return end_with(seen, "access_denied" if denied else "server_error")
        if not request.args.get("code"):
            refuse("GitHub sent no code.")
        used = replace(seen, state="")  # GitHub's answer is taken once
        went_on(seen, used)
        setattr(g, _TRANSACTION, used)
        session[f"{self.name}_oauth_state"] = request.args["state"]
        try:
            answer: Response = super().authorized()
        except (requests.RequestException, MissingTokenError, ValueError) as cause:
            raise _silent() from cause
        except OAuth2Error as refused:
            # Its name only: the text may quote what GitHub was sent.
            log.warning("GitHub did not accept a sign-in: %s", refused.error)
            refuse("GitHub did not accept the sign-in.")
        return answer

    def _returned(self) -> Transaction:
        states = request.args.getlist("state")
        browser = browser_of(required_mark())
        if len(states) != 1 or len(request.args.getlist("code")) > 1:
            refuse(OVER)
        found = parts().transactions.by_state(hash_of(states[0]), browser)
        return found if found is not None and found.stage is Stage.CONSENTED else refuse(OVER)


github = GitHub("github", __name__, storage=NullStorage(), login_url=LOGIN, authorized_url=CALLBACK)


@oauth_authorized.connect_via(github)  # type: ignore[untyped-decorator]
def _signed_in(blueprint: GitHub, **_token: Any) -> Response:
    """Ask GitHub who it is, drop its token, and go on."""
    login = _who(blueprint.session)
    blueprint.session.token = {}
    return known(getattr(g, _TRANSACTION), login)


def _who(talk: GitHubSession) -> Login:
    answer = talk.get(
        f"{_as_https(server().github_api_url)}/user",
        headers={"Accept": "application/vnd.github+json"},
        timeout=TIMEOUT_SECONDS,
        allow_redirects=False,
    )
    if answer.status_code != _OK:
        raise _silent()
    said = answer.json()
    name, number = (said.get("login"), said.get("id")) if isinstance(said, dict) else (None, None)
    if not (isinstance(name, str) and name) or not isinstance(number, int):
        raise _silent()
    return Login(name, str(number))


def _silent() -> UpstreamFailed:
    return UpstreamFailed(
        "GitHub did not say who you are.", "Begin again in your MCP client in a minute."
    )


def _as_https(url: str) -> str:
    # The libraries take https only. Whether http will do is the configuration's to say: it refuses
    # plain http beyond loopback unless `allow_insecure_http` is set.
    return f"https:{url.partition(':')[2]}"
