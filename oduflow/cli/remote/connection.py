"""Connect to a remote server with the SDK's client.

The SDK follows redirects within an origin and drops HTTP status codes. So `CheckedHttpClient`
checks every response before the SDK sees it, and raises a `Failure` for an error.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CONNECTION_CLOSED, Implementation, Tool

from oduflow import __version__
from oduflow.blueprints.mcp.server import NAME
from oduflow.cli.remote.errors import (
    connection_error,
    connection_lost,
    not_oduflow,
    response_error,
)
from oduflow.cli.remote.target import Address
from oduflow.domain.errors import Failure

CONNECT_SECONDS = 10.0
MAX_PAGES = 100

# Without a handler, Python prints the SDK's warnings to stderr, with tracebacks.
for _name in ("mcp", "client"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

# The SDK raises these for answers that violate the protocol or their own schema.
_FOREIGN = (MCPError, RuntimeError, ValueError, httpx2.HTTPError)

T = TypeVar("T")
ClientTask = Callable[[Client], Awaitable[T]]


class CheckedHttpClient(httpx2.AsyncClient):
    """Sends a Bearer token to one address, and raises a `Failure` for every HTTP error.

    `read_timeout` is the time without a byte until a request fails, in seconds.
    """

    def __init__(self, address: Address, token: str, read_timeout: float) -> None:
        secure = address.startswith("https:")
        super().__init__(
            headers={"Authorization": f"Bearer {token}", "User-Agent": f"oduflow/{__version__}"},
            timeout=httpx2.Timeout(read_timeout, connect=min(read_timeout, CONNECT_SECONDS)),
            # $HTTP_PROXY must not see the token of an unencrypted connection.
            trust_env=secure,
            verify=ssl.create_default_context() if secure else True,
        )
        self._address = address

    async def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        """Send a request.

        Raises:
            Failure: the response is an HTTP error or not from an Oduflow server.
        """
        response = await super().send(request, **how)
        error = await response_error(response, self._address)
        if error is not None:
            await response.aclose()
            raise error
        return response


def run_connected(address: Address, token: str, read_timeout: float, task: ClientTask[T]) -> T:
    """Connect, run the task, and disconnect.

    Raises:
        Failure: the task or the connection failed.
    """
    try:
        return asyncio.run(_connected(address, token, read_timeout, task))
    except Exception as error:
        raise _to_failure(_root(error), address) from error


async def list_tools(client: Client) -> list[Tool]:
    """Return the tools of a server, from all pages."""
    found: list[Tool] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def _connected(address: Address, token: str, read_timeout: float, task: ClientTask[T]) -> T:
    try:
        return await _run(address, token, read_timeout, task)
    except BaseException as error:
        # Ctrl-C cancels this task; while the SDK cleans up, another error may take its place.
        running = asyncio.current_task()
        if running is not None and running.cancelling():
            raise asyncio.CancelledError from error
        raise


async def _run(address: Address, token: str, read_timeout: float, task: ClientTask[T]) -> T:
    async with CheckedHttpClient(address, token, read_timeout) as http_client:
        transport = streamable_http_client(address, http_client=http_client)
        info = Implementation(name="oduflow", version=__version__)
        async with Client(transport, client_info=info, cache=None) as client:
            if client.server_info is not None and client.server_info.name != NAME:
                raise not_oduflow(address)
            return await task(client)


def _to_failure(error: Exception, address: Address) -> Exception:
    if isinstance(error, httpx2.TransportError):
        return connection_error(error, address)
    if isinstance(error, MCPError) and error.code == CONNECTION_CLOSED:
        return connection_lost(address)
    return not_oduflow(address) if isinstance(error, _FOREIGN) else error


def _root(error: Exception) -> Exception:
    """Return the cause in the exception groups of the SDK's tasks: our own failure, if any."""
    while isinstance(error, ExceptionGroup):
        error = (error.subgroup(Failure) or error).exceptions[0]
    return error
