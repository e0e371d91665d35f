"""A full run through every face, everything logged; then a crawl of all that was written."""

import base64
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from oduflow.blueprints.mcp import close
from oduflow.web import create_app
from tests.integration.credentials.conftest import TOKEN, Parts, made
from tests.support.fake_provider import Said
from tests.support.mcp_world import McpWorld
from tests.support.store_files import files_with
from tests.support.waitress_server import waitress_server

BASIC = ("admin", "a-password-for-tests-1")
MCP_TOKEN = "a-token-for-tests-only-1"
WRONG = "ghp_Z9y8X7w6V5u4T3s2R1q0"
SECRETS = [
    form
    for token in (TOKEN, WRONG)
    for form in (token, quote(token, safe=""), base64.b64encode(f"me:{token}".encode()).decode())
]


@pytest.fixture
def run(tmp_path: Path, server, provider) -> Iterator[tuple[Parts, str, list[str]]]:
    """Serve the product's own parts over HTTP; answers them, the URL and what is logged."""
    kept: list[Any] = []

    def make_app(port: int) -> Any:
        urls = f'github_url = "http://{server.authority}"\ngithub_api_url = "{provider.url}"'
        making = made(tmp_path, server, f"{urls}\nport = {port}")
        parts = next(making)
        app = create_app(services=parts.services)
        kept.extend((making, parts, app))
        return app

    with everything_logged() as logged, waitress_server(make_app) as web:
        making, parts, app = kept
        with closing(making):
            yield parts, web.url, logged
            close(app)


def test_after_a_full_run_nothing_that_was_written_holds_the_token(run, server, provider, tmp_path):
    parts, url, logged = run
    headers = {"X-OAuth-Scopes": "repo"}
    provider.say("/user", Said(200, {"login": "octocat"}, headers))
    answers = list(everything_asked(parts, url, server))

    assert len(answers) > 25
    assert [answer for answer in answers if any(secret in answer for secret in SECRETS)] == []
    assert any("ghp_****" in answer for answer in answers)
    written = "\n".join(logged)
    assert "setup_repo_auth" in written
    assert not any(secret in written for secret in SECRETS)
    assert [Path(file).name for file in files_with(parts.data, *SECRETS)] == [".git-credentials"]
    searched = files_with(parts.data, "SQLite")
    assert any(Path(file).name.startswith("oduflow.db") for file in searched)


def everything_asked(parts: Parts, url: str, server: Any) -> Iterator[str]:
    """Do everything that can be done with a credential, well and badly, through every face."""
    good, bad = (
        f"http://me:{token}@{server.authority}/private/addons.git" for token in (TOKEN, WRONG)
    )
    named = {"host": server.authority, "username": "me"}
    mcp = McpWorld(None, f"{url}/mcp")  # type: ignore[arg-type]
    http = requests.Session()
    http.auth = BASIC
    for sent in (good, bad, "nonsense", good):
        body = {"repo_url": sent}
        yield http.post(f"{url}/api/credentials/add", json=body, timeout=60).text
        for fields in (_fields(sent), {"repository": sent, "token": TOKEN}, {"token": TOKEN}):
            yield http.post(f"{url}/credentials", data=fields, timeout=60).text
        yield str(mcp.call("setup_repo_auth", token=MCP_TOKEN, **body))
    for wrong in ({good: "x"}, {"repo_url": [good]}, {"name": good}):
        yield http.post(f"{url}/api/credentials/add", json=wrong, timeout=60).text
        yield str(mcp.post("tools/call", _params("setup_repo_auth", wrong), token=MCP_TOKEN).text)
        yield str(mcp.post("tools/call", _params(good, {}), token=MCP_TOKEN).status_code)
    for path in ("/credentials", "/new/credential", "/api/credentials", "/api/openapi.json"):
        yield http.get(f"{url}{path}", timeout=60).text
    for face in (f"{url}/api/credentials/validate", f"{url}/api/credentials/delete"):
        yield http.post(face, json=named, timeout=60).text
    yield http.post(f"{url}/api/credentials/add", json={"repo_url": good}, timeout=60).text
    yield http.post(f"{url}/credentials/validate", data={**named, "path": "/"}, timeout=60).text
    yield str(mcp.call("list_credentials", token=MCP_TOKEN))
    git = parts.services.deps.git.repositories
    assert git.resolve_branch(server.url("private/addons.git"), None, team="1").branch == "main"
    yield http.get(f"{url}/credentials", timeout=60).text


def _fields(sent: str) -> dict[str, str]:
    """Return a URL as the three fields of the dashboard's form."""
    scheme, _, rest = sent.partition("://")
    userinfo, _, address = rest.rpartition("@")
    user, _, token = userinfo.partition(":")
    return {"repository": f"{scheme}://{address}", "user": user, "token": token or TOKEN}


def _params(name: str, arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """Keep what any logger says, at any level, tracebacks included."""
    records: list[str] = []

    class RecordListener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(logging.Formatter().format(record))

    root, listener = logging.getLogger(), RecordListener(logging.DEBUG)
    before = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield records
    finally:
        root.setLevel(before)
        root.removeHandler(listener)
