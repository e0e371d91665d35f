"""A server elsewhere, as the commands use it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mcp.types import Tool

from oduflow.cli.answer import Show
from oduflow.cli.failures import Interrupted
from oduflow.cli.remote.address import Address, parse_address
from oduflow.cli.remote.connection import connected, tools_of
from oduflow.cli.remote.errand import Errand
from oduflow.cli.remote.token import bearer_token
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.masking import redact
from oduflow.domain.outcome import Envelope

LIST_SECONDS = 20.0
CALL_SECONDS = 120.0  # a quick operation may take its time; a slow one answers a job's handle


@dataclass(frozen=True, slots=True)
class RemoteServer:
    """Where it is, and what proves who asks.

    Attributes:
        list_patience, call_patience: seconds without a byte until an answer is given up.
    """

    address: Address
    token: str = field(repr=False)
    list_patience: float = LIST_SECONDS
    call_patience: float = CALL_SECONDS

    def tools(self) -> list[Tool]:
        """List what the token may call there, in the server's order.

        Raises:
            Failure: there is no server, or it refused.
            Interrupted: Ctrl-C.
        """
        try:
            return connected(self.address, self.token, self.list_patience, tools_of)
        except KeyboardInterrupt:
            raise Interrupted from None

    def tool(self, name: str) -> Tool:
        """Return one of them.

        Raises:
            NotFound: it is not listed; the hint names the closest.
        """
        tools = {tool.name: tool for tool in self.tools()}
        if name not in tools:
            close = get_close_matches(name, tools, n=1)
            listing = f"`oduflow tools --url {self.address}` lists what it may call."
            raise NotFound(
                f"{self.address} lists no operation “{redact(name)}” for this token.",
                f"Did you mean “{close[0]}”?" if close else listing,
            )
        return tools[name]

    def call(self, tool: Tool, raw: Mapping[str, Any], show: Show) -> Envelope[Any]:
        """Call a tool, and wait for the job that it may begin.

        Raises:
            Failure: no answer came; the hint says what goes on there.
            Interrupted: Ctrl-C.
        """
        errand = Errand(self.address, tool, raw, show)
        try:
            return connected(self.address, self.token, self.call_patience, errand.run)
        except KeyboardInterrupt:
            raise Interrupted(errand.goes_on()) from None
        except Failure as failure:
            errand.explain(failure)
            raise


def remote_server(url: str, token_file: Path | None) -> RemoteServer:
    """Take the server that `--url` names, with the token of `--token-file` or $ODUFLOW_TOKEN.

    Raises:
        Failure: one of them is missing or wrong.
    """
    return RemoteServer(parse_address(url), bearer_token(token_file))
