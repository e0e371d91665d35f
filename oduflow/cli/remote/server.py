"""Call a tool of a remote server and wait for its job, like a call in this process."""

import asyncio
import base64
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from mcp import Client
from mcp.types import CallToolResult, ImageContent, Tool
from pydantic import ValidationError

from oduflow.bootstrap import OPERATIONS
from oduflow.cli.failures import Interrupted
from oduflow.cli.remote.connection import list_tools, run_connected
from oduflow.cli.remote.errors import not_oduflow
from oduflow.cli.remote.target import Address
from oduflow.cli.render import ShowProgress
from oduflow.cli.schemas import ListedTool
from oduflow.domain.access import OPEN_TO_RESTRICTED
from oduflow.domain.errors import Busy, Failure, Forbidden, Kind, NotFound, UpstreamFailed
from oduflow.domain.masking import redact
from oduflow.domain.outcome import FINISHED, Envelope, ErrorView
from oduflow.kernel.operation import Effect, Operation
from oduflow.kernel.registry import Registry, closest_operation

FIRST_WAIT_SECONDS = 5
LONGEST_WAIT_SECONDS = 20  # proxies often close connections that are silent for 30 s
PAUSE_SECONDS = 1.0
LONGEST_JOB_SECONDS = 24 * 3600.0
_RETRY = frozenset({Kind.BUSY, Kind.RATE_LIMITED})
LIST_SECONDS = 20.0
CALL_SECONDS = 120.0  # a quick operation can take long; a slow one returns a job id


class RemoteCall:
    """A call of one tool; knows after an interruption what still runs on the server."""

    def __init__(
        self, address: Address, tool: ListedTool, raw: Mapping[str, Any], show: ShowProgress
    ) -> None:
        self._address = address
        self._tool = tool
        self._raw = raw
        self._show = show
        self._shown = ""
        self._sent = False
        self._job = ""
        self._can_stop = False

    async def run(self, client: Client) -> Envelope[Any]:
        """Call the tool and wait for its job, if it starts one.

        Raises:
            Failure: there was no answer.
        """
        # The SDK validates results against the tool list. Fetch it before the call: after the
        # last call of a grant the server would refuse it.
        await list_tools(client)
        self._sent = True
        result = await client.call_tool(
            self._tool.name, dict(self._raw), progress_callback=self._progress
        )
        answer = self._envelope(result.structured_content)
        if answer.job is None or answer.status in FINISHED:
            return answer
        self._job = answer.job
        self._can_stop = any(step.operation == "cancel_job" for step in answer.next)
        return await self._wait(client)

    def explain(self, failure: Failure) -> None:
        """Replace a failure's hint when a job still runs on the server."""
        if self._job or isinstance(failure, UpstreamFailed):
            failure.hint = self.running_hint() or failure.hint

    def running_hint(self) -> str:
        """Return how to look at what still runs on the server; empty when nothing does."""
        at = f"--url {self._address}"
        if self._job:
            stop = (
                f", `oduflow call cancel_job {self._job} {at}` stops it" if self._can_stop else ""
            )
            return f"The job continues: `oduflow call get_job {self._job} {at}` shows it{stop}."
        if not self._sent or self._tool.effect is Effect.READ:
            return ""
        return f"A job may still run: `oduflow call list_jobs {at}` shows it."

    async def _wait(self, client: Client) -> Envelope[Any]:
        deadline = time.monotonic() + LONGEST_JOB_SECONDS
        seconds = FIRST_WAIT_SECONDS
        while time.monotonic() < deadline:
            since = time.monotonic()
            result = await client.call_tool("wait_for_job", {"job": self._job, "seconds": seconds})
            finished = self._finished(result)
            if finished is not None:
                return finished
            seconds = min(2 * seconds, LONGEST_WAIT_SECONDS)
            # At most one request a second, even if the server answers at once.
            await asyncio.sleep(max(0.0, since + PAUSE_SECONDS - time.monotonic()))
        raise Busy(f"{self._tool.name} has not finished after a day.")

    def _finished(self, result: CallToolResult) -> Envelope[Any] | None:
        """Return the job's envelope once it is finished; until then show its step.

        If the caller may not wait for the job, return the refusal; the job goes on.
        """
        answer = self._envelope(result.structured_content)
        job = answer.data if isinstance(answer.data, dict) else {}
        if job.get("status") in FINISHED:
            return self._envelope(job.get("result"))
        if answer.error is not None:
            if answer.error.kind in _RETRY:
                return None
            hint = {"hint": self.running_hint()}
            error = {"error": answer.error.model_copy(update=hint), "job": self._job}
            return answer.model_copy(update=error)
        self._show_step(
            answer.summary.removeprefix(f"{job.get('operation')} {job.get('target')}: ")
        )
        return None

    async def _progress(self, progress: float, total: float | None, message: str | None) -> None:
        del progress, total  # the message contains both
        self._show_step(message or "")

    def _show_step(self, step: str) -> None:
        step = step.rstrip(".")
        if step and step != self._shown:
            self._shown = step
            self._show(step)

    def _envelope(self, content: Any) -> Envelope[Any]:
        """Parse an answer; drop the fields that only a newer server knows."""
        if not isinstance(content, dict):
            raise not_oduflow(self._address)
        known = _only(content, Envelope)
        if isinstance(error := known.get("error"), dict):
            known["error"] = {**_only(error, ErrorView), "next": known.get("next", ())}
        try:
            return Envelope[Any].model_validate(known)
        except ValidationError as cause:
            raise not_oduflow(self._address) from cause


def _only(content: dict[str, Any], model: type[Envelope[Any] | ErrorView]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key in model.model_fields}


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

    @property
    def options(self) -> str:
        """The options that choose this server on the command line."""
        return f" --url {self.address}"

    def tools(self) -> list[ListedTool]:
        """Return the tools that the token may call, in the server's order.

        Raises:
            Failure: the server cannot be reached or refused the request.
            Interrupted: Ctrl-C.
        """
        try:
            found = run_connected(self.address, self.token, self.list_timeout, list_tools)
        except KeyboardInterrupt:
            raise Interrupted from None
        return [
            ListedTool(each.name, each.description or "", _effect_of(each), each.input_schema)
            for each in found
        ]

    def tool(self, name: str) -> ListedTool:
        """Return a tool by its name.

        Raises:
            Forbidden: the operation exists, but the token may not call it.
            NotFound: there is none of that name; the hint names the closest match.
        """
        tools = {tool.name: tool for tool in self.tools()}
        if name not in tools:
            known = Registry.discover(OPERATIONS)
            _refuse_unlisted(name, known)
            effects = {each.name: each.effect for each in (*known, *tools.values())}
            close = closest_operation(name, effects, tools)
            listing = f"`oduflow tools --url {self.address}` lists its operations."
            raise NotFound(
                f"{self.address} lists no operation “{redact(name)}” for this token.",
                f"Did you mean “{close}”?" if close else listing,
            )
        return tools[name]

    def call(self, tool: ListedTool, raw: Mapping[str, Any], show: ShowProgress) -> Envelope[Any]:
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

    def image(self, handle: str) -> bytes | None:
        """Return an image that an answer has named; None if it is gone.

        Raises:
            Failure: there was no answer.
            Interrupted: Ctrl-C.
        """

        async def read(client: Client) -> bytes | None:
            await list_tools(client)
            return _image_in(await client.call_tool("read_output", {"handle": handle}))

        try:
            return run_connected(self.address, self.token, self.call_timeout, read)
        except KeyboardInterrupt:
            raise Interrupted from None


def _image_in(result: CallToolResult) -> bytes | None:
    """Return the image of an answer; None if there is none, or one that is no base64."""
    for block in result.content:
        if isinstance(block, ImageContent):
            with suppress(ValueError):
                return base64.b64decode(block.data, validate=True)
    return None


def _effect_of(tool: Tool) -> Effect:
    """Return a tool's effect; without hints it is destructive (MCP specification, Tools)."""
    hints = tool.annotations
    if hints is not None and hints.read_only_hint:
        return Effect.READ
    if hints is not None and hints.destructive_hint is False:
        return Effect.WRITE
    return Effect.DESTROY


def _refuse_unlisted(name: str, known: Iterable[Operation]) -> None:
    """Refuse an operation that this version knows: the server lists only what the token may call.

    Raises:
        Forbidden: names the permission that the operation needs.
    """
    for operation in known:
        if operation.name != name:
            continue
        permission = operation.permission
        hint = f"Ask for a grant with the tier {permission.tier}."
        if not operation.scopes <= OPEN_TO_RESTRICTED:
            hint += (
                f" If this one has that tier, it is restricted to environments, and {name} is "
                "about the whole team."
            )
        raise Forbidden(f"This token may not call {name}, which needs {permission}.", hint)
