"""A dashboard on a ledger, served by waitress and opened in real Chromium."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.support.dashboard_world import Ledger, make_dashboard
from tests.support.fakes import BLUE_PASSWORD, ONE_TEAM, World
from tests.support.quiet_network import QuietNetwork, SharedNetwork, quiet_network
from tests.support.waitress_server import waitress_server

EXECUTABLE = "/usr/bin/chromium"
HOST = "oduflow.test"  # a host like any other; browsers trust `localhost` even without TLS
ARGUMENTS = (
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 10_000
THREADS = 8


@dataclass
class Served:
    """A served dashboard and its browsers.

    Attributes:
        complaints: errors and CSP violations that the browsers reported.
        asked: the path and query of every request.
    """

    url: str
    world: World
    ledger: Ledger
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def visit(self, path: str = "/", *, width: int = 1180, **options: Any) -> Page:
        """Open a page as the Blue team's admin, in a new browser context."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 800},
            http_credentials={"username": "admin", "password": BLUE_PASSWORD},
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(self.url + path)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@dataclass
class Chromium:
    """One running browser, and the network it lives in."""

    browser: Browser
    network: QuietNetwork | SharedNetwork


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Run one Chromium."""
    with quiet_network(EXECUTABLE) as network, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=network.launcher, args=ARGUMENTS)
        yield Chromium(browser, network)
        browser.close()


@contextmanager
def served_dashboard(running: Chromium) -> Iterator[Served]:
    """Serve a dashboard with one template and no environment."""
    parts: list[tuple[World, Ledger]] = []

    def make_app(port: int) -> Any:
        parts.append(make_dashboard(f"[server]\nport = {port}\n{ONE_TEAM}"))
        return parts[0][0].app

    listener = running.network.listen()
    with waitress_server(make_app, threads=THREADS, listener=listener) as server:
        served = Served(server.url, *parts[0], running.browser)
        yield served
        served.ledger.go.set()
        for context in running.browser.contexts:
            context.close()
