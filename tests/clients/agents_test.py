"""Coding agents and mcp-remote connect to the real server with a token, without a model.

`make clients` runs this: the packages are large, and new versions of them appear every week.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.support.fakes import BLUE_TOKEN, ONE_TEAM
from tests.support.node import agents_environment, node_environment
from tests.support.ports import free_port
from tests.support.quiet_server import QuietServer, quiet_server

pytestmark = pytest.mark.timeout(600)

TOKEN = "ODUFLOW_TOKEN"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuietServer]:
    with quiet_server(tmp_path_factory.mktemp("agents"), ONE_TEAM) as started:
        yield started


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home, so that no configuration of the person who runs this is read or changed."""
    return tmp_path


@pytest.fixture(params=["/mcp", "/mcp/"])
def url(request: pytest.FixtureRequest, server: QuietServer) -> str:
    return f"http://127.0.0.1:{server.port}{request.param}"


def test_claude_code_connects(url: str, home: Path):
    header = f"Authorization: Bearer ${{{TOKEN}}}"
    run(home, "claude", "mcp", "add", "--transport", "http", "oduflow", url, "--header", header)

    assert "Connected" in run(home, "claude", "mcp", "get", "oduflow")


def test_codex_keeps_the_address_and_the_name_of_the_token(url: str, home: Path):
    """Without a model Codex does not connect: it shows what it is going to use."""
    run(home, "codex", "mcp", "add", "oduflow", "--url", url, "--bearer-token-env-var", TOKEN)

    text = run(home, "codex", "mcp", "get", "oduflow", "--json")
    shown = json.loads(text[text.index("{") :])  # warnings come first
    assert shown["transport"]["url"] == url
    assert shown["transport"]["bearer_token_env_var"] == TOKEN


def test_gemini_cli_connects(url: str, home: Path):
    (home / ".gemini").mkdir()
    trust = {"security": {"folderTrust": {"enabled": False}}}
    (home / ".gemini" / "settings.json").write_text(json.dumps(trust))
    header = f"Authorization: Bearer {BLUE_TOKEN}"
    run(home, "gemini", "mcp", "add", "--scope", "user", "-t", "http", "-H", header, "oduflow", url)

    assert "Connected" in run(home, "gemini", "mcp", "list")


def test_opencode_connects(url: str, home: Path):
    headers = {"Authorization": f"Bearer {{env:{TOKEN}}}"}
    entry = {"type": "remote", "url": url, "headers": headers, "oauth": False}
    (home / "opencode.json").write_text(json.dumps({"mcp": {"oduflow": entry}}))

    assert "connected" in run(home, "opencode", "mcp", "list")


def test_mcp_remote_lists_the_tools(url: str, home: Path):
    anyio.run(_list_through_mcp_remote, url, home)


async def _list_through_mcp_remote(url: str, home: Path) -> None:
    header = f"Authorization: Bearer ${{{TOKEN}}}"
    server = StdioServerParameters(
        command="mcp-remote",
        args=[url, str(free_port()), "--transport", "http-only", "--header", header],
        env=node_environment() | {"MCP_REMOTE_CONFIG_DIR": str(home), TOKEN: BLUE_TOKEN},
    )
    with (home / "mcp-remote.log").open("w") as errors:
        async with Client(stdio_client(server, errlog=errors), mode="legacy") as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
    assert "list_environments" in names


def run(home: Path, *command: str) -> str:
    """Run a command in a home of its own; return all that it prints."""
    environment = agents_environment() | {"HOME": str(home), TOKEN: BLUE_TOKEN}
    environment = {name: value for name, value in environment.items() if "XDG_" not in name}
    done = subprocess.run(
        command,
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout}"
    return done.stdout
