"""Real clients sign in at the real server, list its tools and call one.

They are the MCP SDKs for Python and TypeScript, FastMCP, MCP Inspector's command line, mcp-remote,
and the conformance suite.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.auth import OAuthClientProvider
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from tests.support.fake_github import fake_github
from tests.support.node import FOLDER, node_environment
from tests.support.oauth_walk import REDIRECT_URI, Browser, OAuthWalk, query_of
from tests.support.ports import free_port
from tests.support.quiet_server import quiet_server
from tests.support.server import eventually
from tests.support.tree import ROOT

pytestmark = pytest.mark.timeout(400)

CLIENTS = ROOT / "tests" / "support" / "clients"
paths = pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
TEAM = """\
[team.blue]
ui_password = "blue-password-0123"
github_users = ["octocat"]
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the real server with OAuth on beside GitHub; answer its public URL."""
    public = "http://localhost:{port}"
    with fake_github() as github:
        lines = f'oauth_base_url = "{public}"\n{github.settings}'
        with quiet_server(tmp_path_factory.mktemp("sign-in"), TEAM, lines) as server:
            assert "OAuth ON" in server.log
            found = public.format(port=server.port)
            github.callbacks.add(f"{found}/auth/callback")
            yield found
            assert github.tokens
            assert [token for token in github.tokens if token in server.log] == []
            assert "Traceback" not in server.log


@paths
@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
def test_the_sdks_own_client_signs_in_and_calls_a_tool(url: str, mode: str, path: str):
    anyio.run(_with_the_sdk, url, mode, path)


@paths
def test_mcp_remote_signs_in_and_calls_a_tool(url: str, path: str, tmp_path: Path):
    anyio.run(_with_mcp_remote, url, path, tmp_path)


def test_the_typescript_sdk_signs_in_and_calls_a_tool(url: str, tmp_path: Path):
    environment = node_environment()
    # A module finds its packages beside it, or above.
    (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")
    program = tmp_path / "client.mjs"
    program.write_bytes((CLIENTS / "typescript_sdk.mjs").read_bytes())

    told = run_client(url, ["node", str(program), f"{url}/mcp/"], environment, gives_code=True)

    assert told["scope"] == "mcp"
    assert told["tools"] > 0
    assert told["result"]["structuredContent"]["status"] == "ok"


def test_fastmcp_signs_in_and_reads_the_whole_envelope(url: str):
    command = [sys.executable, str(CLIENTS / "fastmcp_client.py"), f"{url}/mcp/"]

    told = run_client(url, command, dict(os.environ))

    assert told["tools"] > 0
    assert told["status"] == "ok"
    assert "environments in use" in told["summary"]


def test_inspectors_command_line_signs_in_and_calls_a_tool(url: str, tmp_path: Path):
    for method in (["tools/list"], ["tools/call", "--tool-name", "list_environments"]):
        opened, log = tmp_path / "opened", tmp_path / "inspector.log"
        environment = {
            **node_environment(),
            "HOME": str(tmp_path),
            "BROWSER": str(_browser(tmp_path, opened)),
            "MCP_AUTO_OPEN_ENABLED": "true",
        }
        command = ["mcp-inspector", "--cli", f"{url}/mcp/", "--transport", "http"]
        log.write_text("")
        person = threading.Thread(target=_answer_mcp_remote, args=(url, opened, log))
        person.start()
        done = subprocess.run(
            [*command, "--method", *method],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        person.join()
        opened.unlink()
        assert done.returncode == 0, done.stdout + done.stderr
        assert "list_environments" in done.stdout or "environments in use" in done.stdout


def test_the_conformance_suites_authorization_scenarios_pass(url: str, tmp_path: Path):
    port = free_port()
    client = OAuthWalk(url, redirect_uri=f"http://127.0.0.1:{port}/callback")
    assert client.register().status_code == 201
    told: list[str] = []
    with subprocess.Popen(
        [
            *("conformance", "authorization", "--url", url, "--client-id", client.client_id),
            *("--resource", f"{url}/mcp", "--port", str(port), "--output-dir", str(tmp_path)),
        ],
        env=node_environment(),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line)
            if line.startswith(f"{url}/authorize"):
                threading.Thread(target=sign_in, args=(url, line.strip())).start()
    text = "".join(told)
    assert process.returncode == 0, text
    for scenario in ("authorization-server-metadata-endpoint", "authorization-code-grant"):
        assert f"✓ {scenario}" in text, text
    assert "Total: 3 passed, 0 failed" in text, text


@dataclass
class Kept:
    """What an SDK's client keeps."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass
class Person:
    """A person's browser that opens a URL and returns with the redirect."""

    url: str
    visits: int = 0
    told: dict[str, str] = field(default_factory=dict)

    async def go(self, target: str) -> None:
        self.visits += 1
        self.told = query_of(await anyio.to_thread.run_sync(walk_from, self.url, target))

    async def answer(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(
            code=self.told["code"], state=self.told["state"], iss=self.told["iss"]
        )


async def _with_the_sdk(url: str, mode: str, path: str) -> None:
    kept, person = Kept(), Person(url)
    metadata = OAuthClientMetadata(
        client_name="The SDK", redirect_uris=[AnyUrl(REDIRECT_URI)], scope="mcp"
    )

    @asynccontextmanager
    async def connected() -> Any:
        provider = OAuthClientProvider(f"{url}{path}", metadata, kept, person.go, person.answer)
        async with (
            httpx2.AsyncClient(auth=provider, timeout=30) as http,
            Client(streamable_http_client(f"{url}{path}", http_client=http), mode=mode) as client,
        ):
            yield client

    async with connected() as client:
        await _look(client)
    assert person.visits == 1
    async with connected() as client:  # a second start needs no sign-in
        await _look(client)
    assert person.visits == 1
    assert kept.tokens is not None
    kept.tokens.access_token = "expired"
    async with connected() as client:
        await _look(client)
    assert kept.tokens.access_token != "expired"


async def _with_mcp_remote(url: str, path: str, folder: Path) -> None:
    opened, log = folder / "opened", folder / "mcp-remote.log"
    environment = {
        **node_environment(),
        "BROWSER": str(_browser(folder, opened)),
        "MCP_REMOTE_CONFIG_DIR": str(folder),
    }
    arguments = [f"{url}{path}", str(free_port()), "--transport", "http-only"]
    parameters = StdioServerParameters(command="mcp-remote", args=arguments, env=environment)
    with log.open("w") as errors:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, _answer_mcp_remote, url, opened, log)
            async with Client(stdio_client(parameters, errlog=errors), mode="legacy") as client:
                await _look(client)
        opened.unlink()
        async with Client(stdio_client(parameters, errlog=errors), mode="legacy") as client:
            await _look(client)  # a second start needs no sign-in
    assert not opened.exists()


def _browser(folder: Path, opened: Path) -> Path:
    """Write a browser that only notes what it is asked to open."""
    program = folder / "browser"
    program.write_text(
        f'#!/bin/sh\nprintf %s "$1" >"{opened}.new" && mv "{opened}.new" "{opened}"\n'
    )
    program.chmod(0o755)
    return program


def _answer_mcp_remote(url: str, opened: Path, log: Path) -> None:
    eventually(opened.exists, 60, log.read_text)
    sign_in(url, opened.read_text())


async def _look(client: Client) -> None:
    """Do what needs no environment."""
    assert "list_environments" in {tool.name for tool in (await client.list_tools()).tools}
    result = await client.call_tool("list_environments", {})
    assert not result.is_error, result.content
    assert result.structured_content is not None
    assert result.structured_content["status"] == "ok"


def run_client(
    url: str, command: list[str], environment: dict[str, str], *, gives_code: bool = False
) -> dict[str, Any]:
    """Run a client that prints `open ADDRESS`, sign in there; return the JSON of its last line."""
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("open "):
                break
        target = lines[-1].removeprefix("open ").strip()
        assert target.startswith(url), "".join(lines)
        given = ""
        if gives_code:
            given = query_of(walk_from(url, target))["code"] + "\n"
        else:
            sign_in(url, target)
        rest, _ = process.communicate(given, timeout=60)
    assert process.returncode == 0, "".join(lines) + rest
    told: dict[str, Any] = json.loads(rest.strip().splitlines()[-1])
    return told


def walk_from(url: str, target: str) -> str:
    """Allow in a browser what a client asks for; answer where the browser is sent in the end."""
    walk = OAuthWalk(url)
    assert target.startswith(f"{url}/authorize")
    back = walk.callback(walk.github(walk.consent(walk.browser.get(target))))
    return str(back.headers["Location"])


def sign_in(url: str, target: str) -> None:
    """Allow it, and go back to the client that listens on this machine."""
    answer = Browser().get(walk_from(url, target))
    assert answer.status_code < 400, answer.text
