"""A real agent's client walks the product's main job over HTTP."""

import xmlrpc.client
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.dispatcher import ProgressFnT

from tests.support.instances import TOKEN, Instance
from tests.support.server import Server, serving

pytestmark = pytest.mark.timeout(300)


async def call(
    client: Client, tool: str, tell: ProgressFnT | None = None, **arguments: Any
) -> dict[str, Any]:
    """Call a tool; wait for its job where it answers one, as on a slow machine."""
    result = await client.call_tool(tool, arguments, progress_callback=tell)
    assert not result.is_error, result.content
    answer: dict[str, Any] = result.structured_content or {}
    while answer["status"] in {"queued", "running"}:
        waited = await client.call_tool("wait_for_job", {"job": answer["job"]})
        assert waited.structured_content is not None
        seen = waited.structured_content["data"]
        answer = seen.get("result") or {"status": seen["status"], "job": seen["job"]}
    assert answer["status"] == "ok", answer
    return answer


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
def test_an_agent_creates_uses_reads_and_deletes_an_environment(
    instance: Instance, sample_repository: str, mode: str
) -> None:
    with serving(instance) as server:
        anyio.run(_walk, server, sample_repository, mode)
        assert server.environments() == []


async def _walk(server: Server, repository: str, mode: str) -> None:
    told: list[str | None] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(f"{server.url}/mcp", http_client=http), mode=mode) as client,
    ):
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools["list_environments"].annotations is not None
        assert tools["list_environments"].annotations.read_only_hint is True
        assert tools["delete_environment"].annotations is not None
        assert tools["delete_environment"].annotations.destructive_hint is True

        wanted = {"name": "walked", "repo_url": repository, "modules": ["field_notes"]}
        await call(client, "create_environment", tell, **wanted)
        made = (await call(client, "get_environment", name="walked"))["data"]
        assert made["state"] == "running"
        assert any(told), "no progress was streamed"

        login = (await call(client, "get_environment_login", name="walked"))["data"]
        assert _answers_over_xmlrpc(made["url"], login["password"], _database(server)) == ["A note"]

        listed = (await call(client, "list_environments"))["data"]["environments"]
        assert [row["name"] for row in listed] == ["walked"]
        log = (await call(client, "get_environment_logs", name="walked", lines=50))["data"]["log"]
        assert "odoo" in log

        refused = await client.call_tool("get_environment", {"name": "absent"})
        assert refused.is_error
        assert refused.structured_content is not None
        assert refused.structured_content["error"]["kind"] == "not_found"
        await call(client, "delete_environment", name="walked")


def _database(server: Server) -> str:
    row = server.instance.services.deps.store.environments.get("blue", "walked")
    assert row is not None
    return f"env_{row.id}"


def _answers_over_xmlrpc(url: str, password: str, database: str) -> list[str]:
    uid = xmlrpc.client.ServerProxy(f"{url}xmlrpc/2/common").authenticate(
        database, "admin", password, {}
    )
    models = xmlrpc.client.ServerProxy(f"{url}xmlrpc/2/object")
    arguments = (database, uid, password, "field.note")
    models.execute_kw(*arguments, "create", [{"name": "A note"}])
    found: Any = models.execute_kw(*arguments, "search_read", [[], ["name"]])
    return [row["name"] for row in found]
