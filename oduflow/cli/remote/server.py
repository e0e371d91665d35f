"""A remote server, as the commands use it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mcp.types import Tool

from oduflow.cli.answer import ShowProgress
from oduflow.cli.failures import Interrupted
from oduflow.cli.remote.address import Address, parse_address
from oduflow.cli.remote.call import RemoteCall
from oduflow.cli.remote.connection import list_tools, run_connected
from oduflow.cli.remote.token import bearer_token
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.masking import redact
from oduflow.domain.outcome import Envelope
from oduflow.kernel.operation import Effect

LIST_SECONDS = 20.0
CALL_SECONDS = 120.0  # a quick operation can take long; a slow one returns a job id


@dataclass(frozen=True, slots=True)
class RemoteServer:
    """The address of a server, and the token for it.

    Attributes:
        list_timeout, call_timeout: seconds without a byte until the request fails.
    """

    address: Address
    token: str = field(repr=False)
    list_timeout: float = LIST_SECONDS
    call_timeout: float = CALL_SECONDS

    def tools(self) -> list[Tool]:
        """Return the tools that the token may call, in the server's order.

        Raises:
            Failure: the server cannot be reached or refused the request.
            Interrupted: Ctrl-C.
        """
        try:
            return run_connected(self.address, self.token, self.list_timeout, list_tools)
        except KeyboardInterrupt:
            raise Interrupted from None

    def tool(self, name: str) -> Tool:
        """Return a tool by its name.

        Raises:
            NotFound: it is not listed; the hint names the closest match.
        """
        tools = {tool.name: tool for tool in self.tools()}
        if name not in tools:
            close = get_close_matches(name, tools, n=1)
            listing = f"`oduflow tools --url {self.address}` lists its operations."
            raise NotFound(
                f"{self.address} lists no operation “{redact(name)}” for this token.",
                f"Did you mean “{close[0]}”?" if close else listing,
            )
        return tools[name]

    @staticmethod
    def effect_of(tool: Tool) -> Effect:
        """Return a tool's effect; without hints it is destructive (MCP specification, Tools)."""
        hints = tool.annotations
        if hints is not None and hints.read_only_hint:
            return Effect.READ
        if hints is not None and hints.destructive_hint is False:
            return Effect.WRITE
        return Effect.DESTROY

    def call(self, tool: Tool, raw: Mapping[str, Any], show: ShowProgress) -> Envelope[Any]:
        """Call a tool, and wait for its job if it starts one.

        Raises:
            Failure: there was no answer; the hint names a job that still runs.
            Interrupted: Ctrl-C.
        """
        remote_call = RemoteCall(self.address, tool, raw, show)
        try:
            return run_connected(self.address, self.token, self.call_timeout, remote_call.run)
        except KeyboardInterrupt:
            raise Interrupted(remote_call.running_hint()) from None
        except Failure as failure:
            remote_call.explain(failure)
            raise


def remote_server(url: str, token_file: Path | None) -> RemoteServer:
    """Return the server of `--url` with the token of `--token-file` or $ODUFLOW_TOKEN.

    Raises:
        Failure: the URL or the token is missing or invalid.
    """
    return RemoteServer(parse_address(url), bearer_token(token_file))
