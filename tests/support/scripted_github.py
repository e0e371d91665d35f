"""A GitHub without a socket, in place of the way to GitHub; and a sign-in as a script."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from werkzeug.test import TestResponse

from tests.support.fakes import BASE_URL, BLUE_PASSWORD, BLUE_TOKEN, World, make_world

SERVER = f"""\
[server]
oauth_client_id = "Iv-app"
oauth_client_secret = "app-secret-0123456789"
oauth_base_url = "{BASE_URL}"
github_url = "http://127.0.0.1:9"
github_api_url = "http://127.0.0.1:9/api/v3"
"""
BLUE = f"""\
[team.1]
name = "Blue"
auth_token = "{BLUE_TOKEN}"
ui_password = "{BLUE_PASSWORD}"
github_users = ["octocat", "dev1"]
"""
RED = '[team.2]\nname = "Red"\ngithub_users = ["dev1"]\n'
REDIRECT = "http://127.0.0.1:7/cb"
VERIFIER = "v" * 43
CHALLENGE = "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"  # of the verifier


@dataclass
class ScriptedGitHub:
    """Answers with one account, and with a redirect to another host for the path `moved`.

    `asked` holds the requests: method, URL, headers and form.
    """

    login: str = "octocat"
    number: int = 583231
    moved: str = ""
    asked: list[tuple[str, str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.asked.append((method, url, dict(headers), dict(parse_qsl(body.decode()))))
        path = urlsplit(url).path
        if self.moved and path.endswith(self.moved):
            return 307, {"Location": f"https://evil.example{self.moved}"}, b""
        user = path.endswith("/user")
        said = {"login": self.login, "id": self.number} if user else {"access_token": "gho_secret"}
        return 200, {"Content-Type": "application/json"}, json.dumps(said).encode()


@dataclass
class SignIn:
    """One browser and one client, in this process."""

    world: World
    github: ScriptedGitHub

    def __post_init__(self) -> None:
        self.browser = self.world.client()
        self.client = self.register()

    def register(self, **more: Any) -> str:
        said = {"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none", **more}
        found: str = self.browser.post("/register", json=said).json["client_id"]
        return found

    def authorize(self, **more: str) -> Any:
        query = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": REDIRECT,
            "state": "of-the-client",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **more,
        }
        return self.browser.get("/authorize", query_string=query)

    def submit(self, page: TestResponse, path: str, **more: str) -> Any:
        hidden = dict(re.findall(r'name="(csrf|transaction)" value="([^"]+)"', page.text))
        return self.browser.post(path, data={**hidden, **more})

    def to_github(self, **more: str) -> dict[str, str]:
        """Consent; return the request to GitHub."""
        consented = self.submit(self.authorize(**more), "/consent", decision="allow")
        return query_of(self.browser.get(consented.location).location)

    def back(self, state: str, **more: str) -> Any:
        given = more or {"code": "from-github"}
        return self.browser.get("/auth/callback", query_string={"state": state, **given})

    def code(self) -> str:
        return query_of(self.go_on(self.back(self.to_github()["state"])).location)["code"]

    def go_on(self, back: Any, team: str = "1") -> Any:
        """Press the button of the confirmation page that plain http requires."""
        return self.submit(self.browser.get(back.location), "/auth/team", team=team)

    def token(self, **form: str) -> Any:
        return self.browser.post("/token", data={"client_id": self.client, **form})

    def redeem(self, code: str, **more: str) -> Any:
        form = {"redirect_uri": REDIRECT, "code_verifier": VERIFIER, **more}
        return self.token(grant_type="authorization_code", code=code, **form)


def query_of(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query))


def sign_in(teams: str = BLUE, *, https: bool = False) -> SignIn:
    """Make a world with OAuth and such a GitHub."""
    server = SERVER.replace(BASE_URL, BASE_URL.replace("http:", "https:")) if https else SERVER
    world, github = make_world(server + teams), ScriptedGitHub()
    world.oauth.github = github
    return SignIn(world, github)
