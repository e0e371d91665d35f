"""An MCP client and its person's browser, in code: from discovery to a token, step by step.

Every step is a method that a test can leave out, repeat, or do in another browser:

    walk = OAuthWalk(server.url)
    walk.register()
    consent = walk.authorize()
    callback = walk.github(walk.consent(consent))
    tokens = walk.token(walk.finish(callback))

`walk.sign_in()` does all of it.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests

from tests.support.fake_github import USER_COOKIE
from tests.support.pages import Element, read_page

CLIENT_NAME = "A test client"
REDIRECT_URI = "http://127.0.0.1:7/callback"  # nothing listens there, and no browser is sent there
SECONDS = 30


class Browser(requests.Session):
    """One browser: its cookies; it takes only the steps of the test."""

    def __init__(self, github_user: str = "") -> None:
        super().__init__()
        self.trust_env = False
        if github_user:
            # For 127.0.0.1 only, where GitHub is; our server is `localhost`.
            self.cookies.set(USER_COOKIE, github_user, domain="127.0.0.1")

    def request(self, method: Any, url: Any, *args: Any, **more: Any) -> requests.Response:
        more["allow_redirects"] = False
        more.setdefault("timeout", SECONDS)
        return super().request(method, url, *args, **more)

    def submit(self, page: requests.Response, **fields: str) -> requests.Response:
        """Send the one form of a page as a browser does; an empty field is left out."""
        form = read_page(page.text).one("form")
        data = {**hidden_fields(form), **fields}
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        return self.post(
            urljoin(page.url, form["action"]),
            data={name: value for name, value in data.items() if value},
            headers=headers,
        )


def hidden_fields(form: Element) -> dict[str, str]:
    """Return the hidden fields of a form."""
    return {field["name"]: field["value"] for field in form.all("input", type="hidden")}


def query_of(url: str) -> dict[str, str]:
    """Return the parameters of a URL, each of which must occur once."""
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


@dataclass
class Pkce:
    """A verifier and its S256 challenge (RFC 7636)."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass
class OAuthWalk:
    """One client at one server, with one person's browser.

    Attributes:
        client: the registration response.
        asked: the last parameters of `/authorize`.
    """

    url: str
    browser: Browser = field(default_factory=Browser)
    redirect_uri: str = REDIRECT_URI
    client: dict[str, Any] = field(default_factory=dict)
    pkce: Pkce = field(default_factory=Pkce)
    state: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    asked: dict[str, Any] = field(default_factory=dict)
    http: Browser = field(default_factory=Browser)

    @property
    def client_id(self) -> str:
        return str(self.client["client_id"])

    def discover(self) -> dict[str, Any]:
        """Follow the challenge of `/mcp` to the authorization server's metadata."""
        challenge = self.http.post(f"{self.url}/mcp", json={}).headers["WWW-Authenticate"]
        where = challenge.partition('resource_metadata="')[2].partition('"')[0]
        resource = self.http.get(where).json()
        (issuer,) = resource["authorization_servers"]
        found: dict[str, Any] = self.http.get(
            f"{issuer}/.well-known/oauth-authorization-server"
        ).json()
        return found

    def register(self, **metadata: Any) -> requests.Response:
        """Register a public client; `metadata` overrides what it says, None leaves it out."""
        said = {
            "client_name": CLIENT_NAME,
            "redirect_uris": [self.redirect_uri],
            "token_endpoint_auth_method": "none",
            **metadata,
        }
        answer = self.http.post(
            f"{self.url}/register", json={k: v for k, v in said.items() if v is not None}
        )
        if answer.status_code == 201:
            self.client = answer.json()
        return answer

    def authorize(self, **parameters: Any) -> requests.Response:
        """Open `/authorize`; `parameters` override, None leaves one out, a list repeats it."""
        return self.browser.get(self.authorize_url(**parameters))

    def authorize_url(self, **parameters: Any) -> str:
        """Write the URL that the client opens in a browser."""
        self.asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": self.pkce.challenge,
            "code_challenge_method": "S256",
            "state": self.state,
            "resource": f"{self.url}/mcp",
            **parameters,
        }
        sent = {name: value for name, value in self.asked.items() if value is not None}
        return f"{self.url}/authorize?{urlencode(sent, doseq=True)}"

    def consent(self, page: requests.Response, decision: str = "allow") -> requests.Response:
        """Press a button of the consent page."""
        assert page.status_code == 200, page.text
        return self.browser.submit(page, decision=decision)

    def to_github(self, answer: requests.Response) -> str:
        """Follow our redirects until the one to GitHub; return that URL."""
        for _ in range(4):
            assert answer.is_redirect, answer.text
            target = urljoin(answer.url, answer.headers["Location"])
            if not target.startswith(f"{self.url}/"):
                return target
            answer = self.browser.get(target)
        raise AssertionError("it never leaves")

    def github(self, answer: requests.Response) -> str:
        """Go to GitHub, which approves or denies at once; return its redirect."""
        return self.browser.get(self.to_github(answer)).headers["Location"]

    def callback(self, url: str, *, team: str = "") -> requests.Response:
        """Return from GitHub; press the only button, or the one of the team."""
        answer = self.browser.get(url)
        while answer.is_redirect:
            target = urljoin(answer.url, answer.headers["Location"])
            if not target.startswith(f"{self.url}/"):
                return answer
            answer = self.browser.get(target)
        if answer.status_code == 200:
            offered = [
                button["value"] for button in read_page(answer.text).all("button", name="team")
            ]
            team = team or (offered[0] if len(offered) == 1 else "")
            answer = self.browser.submit(answer, team=team) if team else answer
        return answer

    def last_page(self, url: str) -> requests.Response:
        """Return from GitHub, and stop at the page that asks for confirmation."""
        answer = self.browser.get(url)
        assert answer.is_redirect, answer.text
        return self.browser.get(urljoin(answer.url, answer.headers["Location"]))

    def code(self, answer: requests.Response) -> str:
        """Return the code from the redirect to the client, after checking state and issuer."""
        location = answer.headers["Location"]
        assert location.startswith(self.redirect_uri), location
        told = query_of(location)
        assert told["state"] == self.state
        assert told["iss"] == self.url
        return told["code"]

    def sign_in_to_code(self, *, team: str = "", **parameters: Any) -> str:
        """Sign in up to the code."""
        if not self.client:
            assert self.register().status_code == 201
        consented = self.consent(self.authorize(**parameters))
        return self.code(self.callback(self.github(consented), team=team))

    def redeem(self, code: str, **fields: Any) -> requests.Response:
        """Ask for tokens; `fields` override, None leaves one out."""
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.asked["redirect_uri"],
            "client_id": self.client_id,
            "code_verifier": self.pkce.verifier,
            **fields,
        }
        return self._token(sent)

    def refresh(self, token: str, **fields: Any) -> requests.Response:
        """Ask for the next pair of tokens."""
        sent = {
            "grant_type": "refresh_token",
            "refresh_token": token,
            "client_id": self.client_id,
            **fields,
        }
        return self._token(sent)

    def sign_in(self, *, team: str = "", **parameters: Any) -> dict[str, Any]:
        """Sign in; return the tokens."""
        answer = self.redeem(self.sign_in_to_code(team=team, **parameters))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def call(self, token: str, path: str = "/mcp") -> requests.Response:
        """Ask an MCP endpoint for its tools with a token, once (2026-07-28)."""
        version = "2026-07-28"
        meta = {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        return self.http.post(
            f"{self.url}{path}",
            json={"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}},
            headers={
                "Accept": "application/json, text/event-stream",
                "Authorization": f"Bearer {token}",
                "Mcp-Protocol-Version": version,
                "Mcp-Method": "tools/list",
            },
        )

    def _token(self, fields: dict[str, Any]) -> requests.Response:
        sent = {name: value for name, value in fields.items() if value is not None}
        return self.http.post(f"{self.url}/token", data=sent)
