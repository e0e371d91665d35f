"""A GitHub on loopback with a signed-in person, their decision, and faults.

It behaves as the real one: 200 for a refused code, the form encoding unless JSON is asked
for, a callback that must be the registered one, PKCE, codes that are used once.

Source: docs.github.com, Authorizing OAuth apps; REST API, Get the authenticated user.
"""

import base64
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as Answer

from tests.support.waitress_server import waitress_server

CLIENT_ID = "Ov23liFakeGitHubApp00"
CLIENT_SECRET = "github-client-secret-0123456789"
USER_COOKIE = "github_user"
HANG_SECONDS = 30.0

PAGE = """\
<!doctype html><html lang="en"><title>GitHub</title><h1>Authorize Oduflow, {login}?</h1>
<form method="post"><button name="answer" value="authorize">Authorize</button>
<button name="answer" value="cancel">Cancel</button></form></html>
"""


@dataclass
class FakeGitHub:
    """The state of GitHub, and what a test wants it to do.

    Attributes:
        callbacks: the registered callbacks of the app, one for each server under test.
        people: login → numeric id; other logins cannot sign in.
        person: who is signed in in a browser without a cookie that names a person.
        denies: the person cancels.
        asks: show the page with its two buttons; else approve at once, as for a known app.
        troubles: `authorize`, `token` or `user` → `drip` (a byte now and then), `error` (500),
            `garbage` or `hang`.
        seen: the requests: path → every request's parameters.
        queries: the same requests: path → the query of every request's URL.
        tokens: every issued token → the login.
    """

    url: str = ""
    callbacks: set[str] = field(default_factory=set)
    app: Any = None
    people: dict[str, int] = field(default_factory=lambda: {"octocat": 583231, "dev1": 1001})
    person: str = "octocat"
    denies: bool = False
    asks: bool = False
    troubles: dict[str, str] = field(default_factory=dict)
    seen: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    queries: dict[str, list[str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    going: threading.Event = field(default_factory=threading.Event)
    _codes: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/v3"

    @property
    def settings(self) -> str:
        """Return the keys of `[server]` for signing in through this GitHub."""
        return (
            f'oauth_client_id = "{CLIENT_ID}"\noauth_client_secret = "{CLIENT_SECRET}"\n'
            f'github_url = "{self.url}"\ngithub_api_url = "{self.api_url}"\n'
        )

    def approve(self, asked: dict[str, str], login: str) -> str:
        """Return the redirect address after the person approved."""
        code = secrets.token_hex(10)
        with self._guard:
            self._codes[code] = (login, asked)
        return _back(asked, code=code)

    def redeem(self, form: dict[str, str]) -> dict[str, str]:
        """Answer a code with a token, or with GitHub's error."""
        with self._guard:
            login, asked = self._codes.pop(form.get("code", ""), ("", {}))
        if form.get("client_id") != CLIENT_ID or form.get("client_secret") != CLIENT_SECRET:
            return {"error": "incorrect_client_credentials", "error_description": "x"}
        if not login or _s256(form.get("code_verifier", "")) != asked["code_challenge"]:
            return {"error": "bad_verification_code", "error_description": "x"}
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return {"error": "redirect_uri_mismatch", "error_description": "x"}
        time.sleep(self.slow.get(login, 0))
        token = f"gho_{secrets.token_hex(18)}"
        with self._guard:
            self.tokens[token] = login
        return {"access_token": token, "token_type": "bearer", "scope": asked.get("scope", "")}

    def trouble(self, place: str) -> Answer | None:
        """Record a request; return a faulty answer if a test wants one."""
        with self._guard:
            asked = request.values.to_dict()
            self.seen.setdefault(place, []).append(asked)
            self.queries.setdefault(place, []).append(request.query_string.decode())
        kind = self.troubles.get(place)
        if kind == "hang":
            self.going.wait(HANG_SECONDS)
        if kind == "drip":
            return Response(self._drip(), 200, mimetype="application/json")
        if kind == "error":
            return Response("Unicorn!", 500)
        return Response("<html>not JSON", 200, mimetype="application/json") if kind else None

    def _drip(self) -> Iterator[bytes]:
        for _ in range(int(HANG_SECONDS)):
            yield b" "
            if self.going.wait(1):
                return


@contextmanager
def fake_github(listener: socket.socket | None = None) -> Iterator[FakeGitHub]:
    """Serve a GitHub until the block ends; `callbacks` are added before the first sign-in."""
    github = FakeGitHub()

    def make_app(port: int) -> Any:
        github.url = f"http://127.0.0.1:{port}"
        github.app = _application(github)
        return github.app

    with waitress_server(make_app, listener=listener):
        try:
            yield github
        finally:
            github.going.set()


def _application(github: FakeGitHub) -> Flask:
    app = Flask("fake-github")
    app.add_url_rule("/favicon.ico", "icon", lambda: ("", 204))
    for place, path, methods, answer in (
        ("authorize", "/login/oauth/authorize", ["GET", "POST"], _authorize),
        ("token", "/login/oauth/access_token", ["POST"], _token),
        ("user", "/api/v3/user", ["GET"], _user),
    ):
        app.add_url_rule(path, place, _troubled(github, place, answer), methods=methods)
    return app


def _troubled(
    github: FakeGitHub, place: str, answer: Callable[[FakeGitHub], Answer]
) -> Callable[[], Answer]:
    def view() -> Answer:
        wrong = github.trouble(place)
        return answer(github) if wrong is None else wrong

    return view


def _authorize(github: FakeGitHub) -> Answer:
    asked = request.args.to_dict()
    if asked.get("client_id") != CLIENT_ID or asked.get("redirect_uri") not in github.callbacks:
        return Response("The redirect_uri is not associated with this application.", 404)
    if asked.get("code_challenge_method") != "S256" or not asked.get("state"):
        return Response("No PKCE or no state.", 400)
    login = request.cookies.get(USER_COOKIE, github.person)
    if github.asks and request.method == "GET":
        return Response(PAGE.format(login=login), mimetype="text/html")
    if github.denies or request.form.get("answer") == "cancel":
        return redirect(_back(asked, error="access_denied", error_description="x"))
    return redirect(github.approve(asked, login))


def _token(github: FakeGitHub) -> Answer:
    form = request.form.to_dict()
    if request.authorization is not None:
        form["client_id"] = request.authorization.username or ""
        form["client_secret"] = request.authorization.password or ""
    answer = github.redeem(form)
    if "json" in request.headers.get("Accept", ""):
        return jsonify(answer)
    return Response(urlencode(answer), mimetype="application/x-www-form-urlencoded")


def _user(github: FakeGitHub) -> Answer:
    login = github.tokens.get(request.headers.get("Authorization", "").rpartition(" ")[2])
    if login is None:
        return Response('{"message": "Bad credentials"}', 401, mimetype="application/json")
    return jsonify(login=login, id=github.people[login], type="User")


def _back(asked: dict[str, str], **said: str) -> str:
    return f"{asked['redirect_uri']}?{urlencode({**said, 'state': asked['state']})}"


def _s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
