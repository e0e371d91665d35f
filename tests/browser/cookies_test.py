"""SECURITY.md: cookies do not know ports, so ours is never sufficient alone.

An environment is a page on another port of our own host name: the same site to a browser.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask, request
from playwright.sync_api import expect

from tests.support.browser import HOST, Chromium
from tests.support.consent_world import ConsentWorld, Serving, hidden
from tests.support.waitress_server import waitress_server


@dataclass
class TenantSite:
    """What a tenant serves, and the cookies that browsers sent it."""

    url: str = ""
    html: str = ""
    cookies: list[dict[str, str]] = field(default_factory=list)


@pytest.mark.parametrize(
    ("scheme", "name"), [("http", "oduflow-sign-in"), ("https", "__Host-oduflow-sign-in")]
)
def test_the_one_cookie_is_kept_to_this_host_from_scripts_and_from_other_sites(
    serving: Serving, scheme: str, name: str
):
    with serving(scheme).anew() as world:
        (cookie,) = world.ask().context.cookies()
    assert cookie["name"] == name
    assert cookie["secure"] is (scheme == "https")
    assert (cookie["domain"], cookie["path"]) == ("localhost", "/")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")


def test_an_environment_is_sent_the_cookie_and_its_scripts_read_nothing(
    plain: ConsentWorld, environment: TenantSite
):
    page = plain.ask()
    (cookie,) = page.context.cookies()
    page.goto(environment.url)
    assert environment.cookies[0] == {cookie["name"]: cookie["value"]}
    assert page.evaluate("document.cookie") == ""


def test_over_https_an_environment_neither_sees_nor_replaces_the_cookie(
    serving: Serving, environment: TenantSite
):
    """Environments speak http, and a `__Host-` cookie is for https alone."""
    with serving("https", HOST).anew() as world:
        page = world.ask()
        (ours,) = page.context.cookies()
        page.goto(environment.url.replace("localhost", HOST))
        assert environment.cookies == [{}]
        for end in ("", "; Secure"):
            page.evaluate("it => { document.cookie = it }", f"{ours['name']}=x; path=/{end}")
        page.evaluate("document.cookie = 'session_id=theirs; path=/'")
        kept = {each["name"]: each["value"] for each in page.context.cookies()}
        assert kept == {ours["name"]: ours["value"], "session_id": "theirs"}


def test_an_environments_page_cannot_consent_though_the_cookie_comes_along(
    plain: ConsentWorld, environment: TenantSite
):
    page = plain.ask()
    fields = hidden(page).items()
    form = "".join(f'<input name="{name}" value="{value}">' for name, value in fields)
    environment.html = (
        f'<form method="post" action="{plain.server.url}/consent">{form}'
        '<button name="decision" value="allow">Win</button></form>'
    )
    page.goto(environment.url)
    with page.expect_request("**/consent") as asked:
        page.get_by_role("button", name="Win").click()
    expect(page.locator("main")).to_contain_text("A page of another site sent this.")
    assert asked.value.all_headers()["sec-fetch-site"] == "same-site"
    assert "oduflow-sign-in=" in asked.value.all_headers()["cookie"]
    assert (plain.github.seen, plain.told) == ({}, [])


def test_an_environments_cookie_opens_nothing_here(plain: ConsentWorld, environment: TenantSite):
    page = plain.page()
    page.goto(environment.url)
    page.evaluate("document.cookie = 'session_id=theirs; path=/'")
    page.goto(f"{plain.server.url}/healthz")
    with page.expect_request("**/mcp") as asked:
        status = page.evaluate("fetch('/mcp').then(answer => answer.status)")
    assert asked.value.all_headers()["cookie"] == "session_id=theirs"
    assert status == 401


@pytest.fixture
def environment(running: Chromium) -> Iterator[TenantSite]:
    made, app = TenantSite(), Flask("environment")

    @app.get("/")
    def index() -> str:
        made.cookies.append(request.cookies.to_dict())
        return f"<!doctype html><title>Odoo</title>{made.html}"

    listener = running.network.listen()
    with waitress_server(lambda _port: app, listener=listener) as server:
        made.url = f"http://localhost:{server.port}/"
        yield made
