"""The consent walk in real Chromium: our server, GitHub and a client that it can reach."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from flask import Flask, request
from playwright.sync_api import ConsoleMessage, Page
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.browser import PATIENCE_MS, Chromium
from tests.support.fake_github import FakeGitHub, fake_github
from tests.support.oauth_walk import OAuthWalk, Pkce
from tests.support.oauth_world import OAuthWorld
from tests.support.quiet_network import QuietNetwork, SharedNetwork
from tests.support.tls import make_certificate
from tests.support.waitress_server import waitress_server

TRIES = 20

Serving = Callable[..., "ConsentWorld"]


@dataclass
class ConsentWorld:
    """A sign-in that a browser can walk.

    Attributes:
        walk: the registered client, which uses Chromium.
        told: the parameters of every answer to the client.
        complaints: errors and CSP violations that the browsers reported.
        scripts: whether pages may run them.
    """

    server: OAuthWorld
    github: FakeGitHub
    chromium: Chromium
    walk: OAuthWalk
    told: list[dict[str, str]]
    scripts: bool = True
    complaints: list[str] = field(default_factory=list)

    @contextmanager
    def anew(self, *, scripts: bool = True) -> Iterator[Self]:
        """Forget what other tests did, and close every browser at the end."""
        self.scripts, registered = scripts, self.walk.client
        self.github.person, self.github.asks = "octocat", False
        for kept in (self.told, self.complaints, self.github.seen):
            kept.clear()
        try:
            yield self
        finally:
            self.walk.client = registered
            for context in self.chromium.browser.contexts:
                context.close()

    def page(self) -> Page:
        """Open a new browser context."""
        context = self.chromium.browser.new_context(
            java_script_enabled=self.scripts, ignore_https_errors=True
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def ask(self, **parameters: str) -> Page:
        """Open the consent page."""
        page = self.page()
        page.goto(self.authorize_url(**parameters))
        return page

    def authorize_url(self, **parameters: str) -> str:
        self.walk.pkce = Pkce()
        return self.walk.authorize_url(**parameters)

    def _heard(self, message: ConsoleMessage) -> None:
        icon = message.location["url"].endswith("/favicon.ico")  # the fakes' pages name none
        if message.type in {"error", "warning"} and not icon:
            self.complaints.append(message.text)


def hidden(page: Page) -> dict[str, str]:
    """Return the hidden fields of the consent page's form."""
    fields = {name: page.locator(f"input[name={name}]") for name in ("csrf", "transaction")}
    return {name: field.get_attribute("value") or "" for name, field in fields.items()}


@contextmanager
def consent_world(
    chromium: Chromium, folder: Path, teams: str, *, scheme: str, host: str
) -> Iterator[ConsentWorld]:
    """Serve all three until the block ends."""
    network = chromium.network
    with ExitStack() as stack:
        here, there = _listeners(network)
        github = stack.enter_context(fake_github(here))
        if there is not None:
            stack.enter_context(waitress_server(lambda _port: github.app, listener=there))
        listener = network.listen()
        port = int(listener.getsockname()[1])
        server = OAuthWorld(folder, github, port, teams, scheme=scheme, host=host)
        github.callbacks.add(f"{server.url}/auth/callback")
        server.configure(teams)
        server.build()
        stack.callback(server.stop)
        stack.enter_context(_served(server, listener, folder))
        told: list[dict[str, str]] = []
        client = stack.enter_context(
            waitress_server(lambda _port: _client(told), listener=network.listen())
        )
        walk = server.walk_in_process()
        walk.redirect_uri = f"{client.url}/callback"
        answer = walk.register()
        assert answer.status_code == 201, answer.text
        yield ConsentWorld(server, github, chromium, walk, told)


def _listeners(
    network: QuietNetwork | SharedNetwork,
) -> tuple[socket.socket, socket.socket | None]:
    """Listen on one port of both networks: GitHub is asked by the browser and by our server."""
    if not isinstance(network, QuietNetwork):
        return network.listen(), None
    for _ in range(TRIES):
        there = network.listen()
        with suppress(OSError):  # the port is in use
            return socket.create_server(there.getsockname()), there
        there.close()
    raise AssertionError("no port is free in both networks")


def _client(told: list[dict[str, str]]) -> Flask:
    app = Flask("client")

    @app.get("/callback")
    def callback() -> str:
        told.append(request.args.to_dict())
        return "<!doctype html><title>Client</title><h1>You may close this window.</h1>"

    app.add_url_rule("/favicon.ico", "icon", lambda: ("", 204))
    return app


@contextmanager
def _served(server: OAuthWorld, listener: socket.socket, folder: Path) -> Iterator[None]:
    if server.scheme == "http":
        with waitress_server(lambda _port: server.app, listener=listener):
            yield
        return
    certificate = make_certificate(folder, "DNS:localhost")
    serving: Any = make_server(
        "127.0.0.1",
        server.port,
        server.app,
        threaded=True,
        request_handler=_Quiet,
        ssl_context=(str(certificate.file), str(certificate.key)),
        fd=listener.fileno(),
    )
    listener.close()  # it was duplicated
    serving.daemon_threads = True
    thread = threading.Thread(target=serving.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield
    serving.shutdown()
    serving.server_close()
    thread.join(10)


class _Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - its own name
        """Do nothing."""
