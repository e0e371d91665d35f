"""One connection to a server, by the SDK's own client.

The SDK follows redirects within an origin and forgets HTTP's statuses; `Wire` looks at every
response before the SDK does, and raises what it is called here.
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
from oduflow.cli.remote.address import Address
from oduflow.cli.remote.refusals import no_oduflow, refusal
from oduflow.cli.remote.unreachable import cut_off, unreachable
from oduflow.domain.errors import Failure

CONNECT_SECONDS = 10.0
MAX_PAGES = 100

# Without a handler of its own, what it finds worth a warning would go to stderr, with tracebacks.
for _name in ("mcp", "client"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

# What the SDK raises for answers that do not follow the protocol, or their own schema.
_FOREIGN = (MCPError, RuntimeError, ValueError, httpx2.HTTPError)

T = TypeVar("T")
Work = Callable[[Client], Awaitable[T]]


class Wire(httpx2.AsyncClient):
    """Sends a token to one address, and raises a named failure for all that is no answer.

    Args:
        address: where to.
        token: the Bearer token.
        patience: seconds without a single byte until it is given up.
    """

    def __init__(self, address: Address, token: str, patience: float) -> None:
        secure = address.url.startswith("https:")
        super().__init__(
            headers={"Authorization": f"Bearer {token}", "User-Agent": f"oduflow/{__version__}"},
            timeout=httpx2.Timeout(patience, connect=min(patience, CONNECT_SECONDS)),
            # A proxy of the environment must not see the token of a plain connection.
            trust_env=secure,
            verify=ssl.create_default_context() if secure else True,
        )
        self._address = address

    async def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        """Send a request; the response is an answer.

        Raises:
            Failure: it is a refusal.
        """
        response = await super().send(request, **how)
        refused = await refusal(response, self._address)
        if refused is not None:
            await response.aclose()
            raise refused
        return response


def connected(address: Address, token: str, patience: float, work: Work[T]) -> T:
    """Connect, do the work, and leave.

    Raises:
        Failure: what the work or the connection failed with, by its name.
    """
    try:
        return asyncio.run(_connected(address, token, patience, work))
    except Exception as trouble:
        raise _named(_first(trouble), address) from trouble


async def tools_of(client: Client) -> list[Tool]:
    """List the tools of a server, all pages of them."""
    found: list[Tool] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def _connected(address: Address, token: str, patience: float, work: Work[T]) -> T:
    async with Wire(address, token, patience) as wire:
        transport = streamable_http_client(address.url, http_client=wire)
        info = Implementation(name="oduflow", version=__version__)
        async with Client(transport, client_info=info, cache=None) as client:
            if client.server_info is not None and client.server_info.name != NAME:
                raise no_oduflow(address)
            return await work(client)


def _named(trouble: Exception, address: Address) -> Exception:
    if isinstance(trouble, httpx2.TransportError):
        return unreachable(trouble, address)
    if isinstance(trouble, MCPError) and trouble.code == CONNECTION_CLOSED:
        return cut_off(address)
    return no_oduflow(address) if isinstance(trouble, _FOREIGN) else trouble


def _first(trouble: Exception) -> Exception:
    """Find what happened in what the SDK's task groups made of it: a failure of ours, if any."""
    leaves = list(_leaves(trouble))
    return next((leaf for leaf in leaves if isinstance(leaf, Failure)), leaves[0])


def _leaves(trouble: Exception) -> list[Exception]:
    if isinstance(trouble, ExceptionGroup):
        return [leaf for each in trouble.exceptions for leaf in _leaves(each)]
    return [trouble]
