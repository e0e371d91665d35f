"""FastMCP's client: signs in, lists the tools, calls one.

usage: python fastmcp_client.py URL; prints the address to open, and waits for the browser there.
"""

import asyncio
import json
import sys

from fastmcp import Client
from fastmcp.client.auth import OAuth


class Printing(OAuth):
    """Prints the address instead of opening a browser."""

    async def redirect_handler(self, authorization_url: str) -> None:
        sys.stdout.write(f"open {authorization_url}\n")
        sys.stdout.flush()


async def main(url: str) -> None:
    async with Client(url, auth=Printing(scopes="mcp offline_access")) as client:
        tools = await client.list_tools()
        result = await client.call_tool("list_environments", {})
    # `data` is what FastMCP makes of the tool's output schema.
    told = {"tools": len(tools), "status": result.data.status, "summary": result.data.summary}
    sys.stdout.write(f"{json.dumps(told)}\n")


asyncio.run(main(sys.argv[1]))
